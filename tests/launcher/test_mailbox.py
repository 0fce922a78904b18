"""The demo's mailbox shows what Django's backend for files wrote."""

from pathlib import Path

from django.core.mail import EmailMessage, get_connection
from environ import Env

from launcher.demo import mail_url
from tests.demo import mailbox


def send(folder: Path, *letters: tuple[str, str]) -> None:
    with get_connection("django.core.mail.backends.filebased.EmailBackend", file_path=folder) as connection:
        for subject, text in letters:
            EmailMessage(subject, text, "pipes@localhost", ["ana@acme.example"], connection=connection).send()


def test_letters_are_listed_the_newest_first_and_each_has_a_page(tmp_path: Path) -> None:
    assert "No letter was sent yet." in mailbox.list_page(tmp_path)
    send(tmp_path, ("First", "Come to http://127.0.0.1:8000/invitations/abc/."), ("<b>Second</b>", "1 < 2 & 日本"))
    listed = mailbox.page(tmp_path, "/")
    assert listed is not None
    assert listed.index("&lt;b&gt;Second&lt;/b&gt;") < listed.index(">First</a>")
    assert "to ana@acme.example" in listed
    second, first = mailbox.letters(tmp_path)
    shown = mailbox.page(tmp_path, f"/{first.name}")
    assert shown is not None
    assert '<a href="http://127.0.0.1:8000/invitations/abc/">http://127.0.0.1:8000/invitations/abc/</a>.' in shown
    assert "1 &lt; 2 &amp; 日本" in str(mailbox.page(tmp_path, f"/{second.name}"))


def test_what_is_no_letter_has_no_page(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("mine")
    assert mailbox.page(tmp_path, "/secret.txt") is None
    assert mailbox.page(tmp_path, "/../secret.txt") is None


def test_what_the_demo_sends_lies_where_the_mailbox_looks(tmp_path: Path) -> None:
    assert Env.email_url_config(mail_url(tmp_path))["EMAIL_FILE_PATH"] == str(tmp_path)
