"""What no start of the product may do by accident: each must be asked for by its name in PIPES_ALLOW_UNSAFE."""

from collections.abc import Collection, Mapping
from typing import Final

from django.core.exceptions import ImproperlyConfigured

# The name of each risk, and why it is one.
RISKS: Final[Mapping[str, str]] = {
    "debug": "PIPES_DEBUG shows settings and code to anyone who meets an error. Leave it out.",
    "hosts": "PIPES_ALLOWED_HOSTS lets any name in. List the names by which people reach Pipes, without *.",
    "http": "PIPES_BASE_URL is no https:// URL, so that passwords and sessions cross the network in clear. Put a proxy "
    "that speaks TLS in front, and set the URL that people open.",
    "proxies": "PIPES_BASE_URL is an https:// URL and PIPES_TRUSTED_PROXIES is 0, so that no request counts as https. "
    "Set it to the number of proxies that stand in front.",
    "email": "EMAIL_URL names no mail server, so that emails, and with them links that open accounts, go to a log or "
    "nowhere. Set it, such as smtp+tls://user:password@mail.example.com:587.",
    "secret-key": "PIPES_SECRET_KEY or one of PIPES_SECRET_KEY_FALLBACKS can be guessed: it is shorter than 50 "
    "characters, or repeats a few. Take a random one.",
    "encryption-keys": "PIPES_ENCRYPTION_KEYS has a key that can be guessed: it repeats a few bytes. Take random ones.",
    "aws-endpoint": "AWS_ENDPOINT_URL sends what is meant for AWS, and what signs it, to another server. Leave it out.",
    "webhooks": "PIPES_WEBHOOK_ALLOW_PRIVATE lets every tenant send requests into the network that Pipes runs in. "
    "Leave it out.",
}

# Email backends with which nothing leaves this machine.
LOCAL_EMAIL_BACKENDS: Final = tuple(
    f"django.core.mail.backends.{kind}." for kind in ("console", "dummy", "filebased", "locmem")
)


def is_guessable(key: str | bytes, *, shortest: int) -> bool:
    """Return whether a key is too short, or made of too few different characters, to be random."""
    return len(key) < shortest or len(set(key)) < 12


def refuse(risks: Mapping[str, bool], *, allowed: Collection[str]) -> None:
    """Raise ImproperlyConfigured with a sentence for each risk that is there and was not asked for."""
    if unknown := sorted(set(allowed) - set(RISKS)):
        raise ImproperlyConfigured(
            f"PIPES_ALLOW_UNSAFE names {', '.join(unknown)}, which is none of {', '.join(RISKS)}."
        )
    refused = [name for name, is_there in risks.items() if is_there and name not in allowed]
    if refused:
        reasons = "".join(f"\n- {RISKS[name]}" for name in refused)
        raise ImproperlyConfigured(
            f"Pipes does not start with these settings:{reasons}\n"
            f"Who wants this all the same sets PIPES_ALLOW_UNSAFE={','.join(refused)}."
        )
