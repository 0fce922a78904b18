"""``python -m tests.demo seed``, then ``past`` once a worker runs: each makes what is missing."""

import json
import os
import sys
import urllib.request

import django

from tests.demo import PASSWORD, PEOPLE


def sign_ins() -> str:
    """Say who can sign in, and what to do in the stand-in for AWS."""
    width = max(len(email) for email, _ in PEOPLE)
    lines = ["", f"Sign in with the password {PASSWORD} as", ""]
    lines += [f"  {email:<{width}}  {what}" for email, what in PEOPLE]
    endpoint = os.environ.get("AWS_ENDPOINT_URL", "")
    if endpoint.startswith("http://127.0.0.1:"):
        with urllib.request.urlopen(f"{endpoint}/_stand-in/show", timeout=5) as answer:
            shown = json.load(answer)
        key = shown["keys"][0]
        lines += [
            "",
            "The stand-in for AWS has two sample AWS organizations:",
            "",
            "  acme  by cross-account role: download the templates in the wizard, then ./console aws deploy FILE",
            f"  labs  by access key: Access Key {key['access_key']}, Secret Key {key['secret_key']}",
            "",
            "  ./console aws tree shows them; ./console aws move, rename, create, suspend, close … change them.",
            "  labs sends its events to Pipes: open the integration research of ops, change labs, and watch the page:",
            "  ./console aws move speech Root",
        ]
    return "\n".join(lines)


def first_call(token: str) -> str:
    """Say how a program begins, with a token of olivia's."""
    address = os.environ["PIPES_BASE_URL"]
    trust = " --cacert .console/tls/authority.pem" if address.startswith("https") else ""
    lines = [
        "",
        "Programs are olivia in acme with this token, until the next demo:",
        "",
        f"  curl{trust} -H 'Authorization: Bearer {token}' {address}/api/latest/actor",
    ]
    return "\n".join(lines)


def main(command: str) -> None:
    """Do what a command names."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pipes.settings")
    django.setup()
    from tests.demo import past, people

    if command == "seed":
        people.seed()
        sys.stdout.write(sign_ins() + "\n" + first_call(people.sample_token()) + "\n")
    else:
        past.live_it()


if __name__ == "__main__":
    if sys.argv[1:] not in (["seed"], ["past"]):
        sys.exit("usage: python -m tests.demo seed|past")
    main(sys.argv[1])
