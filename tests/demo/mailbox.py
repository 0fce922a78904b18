"""The demo's mailbox: ``python -m tests.demo.mailbox --port 8025 FOLDER`` shows the letters that Django wrote there.

Django's backend for files keeps what would be sent; this shows it as a person would read it, the newest first.
"""

import argparse
import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

_BETWEEN = re.compile(rb"^-{79}\n", re.MULTILINE)
_LINK = re.compile(r"https?://[^\s<>\"]+[^\s<>\".,:;)]")
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark"><title>{title}</title>
<style>body {{ font: 15px/1.5 system-ui, sans-serif; max-width: 50rem; margin: 2rem auto; padding: 0 1rem }}
pre {{ white-space: pre-wrap; overflow-wrap: anywhere }} li {{ margin: .5rem 0 }} small {{ opacity: .7 }}</style></head>
<body><h1>{title}</h1>{content}</body></html>"""


@dataclass(frozen=True)
class Letter:
    """One letter; its name is its address in the mailbox."""

    name: str
    message: EmailMessage

    @property
    def subject(self) -> str:
        return str(self.message["Subject"] or "(no subject)")

    @property
    def about(self) -> str:
        """To whom, and when."""
        return f"to {self.message['To']} · {self.message['Date']}"

    @property
    def text(self) -> str:
        body = self.message.get_body(("plain", "html"))
        return str(body.get_content()) if body is not None else ""


def letters(folder: Path) -> Iterator[Letter]:
    """Read all letters, the newest first; one that is being written is read the next time."""
    for file in sorted(folder.glob("*.log"), key=lambda path: path.name, reverse=True):
        parts = [part for part in _BETWEEN.split(file.read_bytes()) if part.strip()]
        for number, part in reversed([*enumerate(parts)]):
            message = message_from_bytes(part, policy=policy.default)
            if isinstance(message, EmailMessage):
                yield Letter(f"{file.stem}-{number}", message)


def list_page(folder: Path) -> str:
    """Write the page of all letters."""
    items = "".join(
        f'<li><a href="/{html.escape(letter.name)}">{html.escape(letter.subject)}</a>'
        f"<br><small>{html.escape(letter.about)}</small></li>"
        for letter in letters(folder)
    )
    return _PAGE.format(title="Mailbox", content=f"<ul>{items}</ul>" if items else "<p>No letter was sent yet.</p>")


def letter_page(letter: Letter) -> str:
    """Write the page of one letter; addresses in it are links."""
    text = html.escape(letter.text, quote=False)
    text = _LINK.sub(lambda found: f'<a href="{html.escape(found[0])}">{found[0]}</a>', text)
    content = f'<p><a href="/">All letters</a> · <small>{html.escape(letter.about)}</small></p><pre>{text}</pre>'
    return _PAGE.format(title=html.escape(letter.subject), content=content)


def page(folder: Path, path: str) -> str | None:
    """Give the page at a path; None where there is none."""
    if path == "/":
        return list_page(folder)
    found = next((letter for letter in letters(folder) if f"/{letter.name}" == path), None)
    return letter_page(found) if found else None


def main() -> None:
    """Serve until the process is ended; for this machine only."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8025)
    parser.add_argument("folder", type=Path)
    chosen = parser.parse_args()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = page(chosen.folder, self.path)
            self.send_response(200 if found else 404)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Cache-Control", "no-store")
            self.end_headers()
            self.wfile.write((found or "There is no such letter.").encode())

        def log_message(self, *_: object) -> None:
            """Say nothing: who reads a letter is no news."""

    ThreadingHTTPServer(("127.0.0.1", chosen.port), Handler).serve_forever()


if __name__ == "__main__":
    main()
