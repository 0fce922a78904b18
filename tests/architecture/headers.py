"""What every answer is to say to the browser."""

from django.http.response import HttpResponseBase

ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
}


def wrong_with(response: HttpResponseBase) -> list[str]:
    """Say what is missing, or other than it should be."""
    wrong = [f"{name}: {response.get(name)}" for name, right in ALWAYS.items() if directives(response, name) != right]
    return wrong + ([] if "no-store" in response.get("Cache-Control", "") else ["it may be kept"])


def directives(response: HttpResponseBase, name: str) -> object:
    """Give a header; that of the content policy with its directives in our order."""
    value: str = response.get(name, "")
    if name != "Content-Security-Policy":
        return value
    given = dict(part.strip().split(" ", 1) for part in value.split(";") if part.strip())
    order = [part.split()[0] for part in ALWAYS[name].split("; ")]
    return "; ".join(f"{key} {given[key]}" for key in sorted(given, key=order.index))
