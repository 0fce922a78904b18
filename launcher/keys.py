"""What is secret, made once, and the environment of the product in a demo."""

import base64
import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path

from launcher.places import PYTHON, ROOT, VENV, Instance

# The account and the role that the stand-in for AWS knows as ours.
PRINCIPAL_ARN = "arn:aws:iam::999999999999:role/pipes"


def load_keys(instance: Instance) -> Mapping[str, str]:
    """Return the instance's secrets as environment variables, made at the first call; only we may read the file."""
    path = instance.folder / "keys.json"
    if not path.exists():
        write_private(path, _new_keys())
    keys: dict[str, str] = json.loads(path.read_text())
    return keys


def _new_keys() -> Mapping[str, str]:
    return {
        "PIPES_SECRET_KEY": secrets.token_urlsafe(50),
        "PIPES_ENCRYPTION_KEYS": "demo:" + base64.b64encode(secrets.token_bytes(32)).decode(),
    }


def write_private(path: Path, content: object) -> None:
    """Write JSON that only we may read, whole or not at all."""
    unfinished = path.with_name(path.name + ".new")
    unfinished.unlink(missing_ok=True)
    with os.fdopen(os.open(unfinished, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
        json.dump(content, file, indent=1)
    unfinished.replace(path)


def product_environment(keys: Mapping[str, str], urls: Mapping[str, str]) -> dict[str, str]:
    """Return our own environment with the product's settings; what is set already wins, except for the servers.

    Without the AWS credentials and without the owner of the tables: only the programs that need them get them.
    """
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PG"))}
    ours.pop("DATABASE_OWNER_URL", None)
    defaults = {
        "PIPES_SECRET_KEY": keys["PIPES_SECRET_KEY"],
        "PIPES_ENCRYPTION_KEYS": keys["PIPES_ENCRYPTION_KEYS"],
        "PIPES_AWS_PRINCIPAL_ARN": PRINCIPAL_ARN,
        "PIPES_LOG_JSON": "false",
        "PIPES_WEBHOOK_PORTS": "1-65535",
        # All of it stays on this machine: without TLS and a mail server, with a stand-in for AWS and webhooks to here.
        "PIPES_ALLOW_UNSAFE": "http,proxies,email,aws-endpoint,webhooks",
    }
    return (
        defaults
        | ours
        | {name: urls[name] for name in ("DATABASE_URL", "REDIS_URL")}
        | {
            "DJANGO_SETTINGS_MODULE": "pipes.settings",
            "PATH": f"{VENV / 'bin'}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
            "VIRTUAL_ENV": str(VENV),
            "PYTHONPATH": str(ROOT),  # before the standard library, which has a module pipes until Python 3.13
            "PYTHONUNBUFFERED": "1",
        }
    )


def python(*arguments: str) -> list[str]:
    """Return the command line of the environment's Python."""
    return [str(PYTHON), *arguments]
