"""No page takes files, and none takes more than a form can hold: it is refused by its length, before it is read."""

from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as project
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from tests.conftest import Cast

MOST = project.DATA_UPLOAD_MAX_MEMORY_SIZE
FORM = "application/x-www-form-urlencoded"


class Body(BytesIO):
    """A body that notes how much of it was read."""

    was_read = 0

    def read(self, size: int | None = -1) -> bytes:
        """Read and note it."""
        part = super().read(size)
        self.was_read += len(part)
        return part


def send(client: Client, path: str, body: Body, **headers: Any) -> tuple[int, str]:
    """Post a body as it stands, with the headers of WSGI."""
    response = client.post(path, b"", content_type=FORM, **({"wsgi.input": body} | headers))
    return response.status_code, response.content.decode()


@pytest.mark.parametrize("path", ["/account/login/", "/theme/", "/nowhere/", "/operator/", "/"])
@pytest.mark.parametrize("kind", [FORM, "multipart/form-data; boundary=x", "application/json"])
def test_a_body_that_is_too_long_is_refused_unread(db: None, client: Client, path: str, kind: str) -> None:
    body = Body(b"login=" + b"x" * MOST)
    status, page = send(client, path, body, CONTENT_LENGTH=str(MOST + 1), CONTENT_TYPE=kind)
    assert (status, body.was_read) == (413, 0)
    assert "This is more than a form can hold" in page


def test_a_body_just_within_the_limit_is_taken(db: None, client: Client) -> None:
    status, _ = send(client, "/theme/", Body(b"theme=dark&x=" + b"x" * MOST), CONTENT_LENGTH=str(MOST))
    assert status == 302


@pytest.mark.parametrize("path", ["/account/login/", "/theme/", "/events/00000000-0000-0000-0000-000000000000/"])
def test_a_body_that_does_not_say_its_length_is_refused_unread(db: None, client: Client, path: str) -> None:
    body = Body(b"x" * 64)
    status, page = send(client, path, body, HTTP_TRANSFER_ENCODING="chunked", CONTENT_LENGTH="")
    assert (status, body.was_read) == (411, 0)
    assert "did not say how long it is" in page


@pytest.mark.parametrize("length", ["-1", "many", "1e3", "٣"])
def test_a_length_that_is_no_number_is_refused(db: None, client: Client, length: str) -> None:
    body = Body(b"theme=dark")
    status, _ = send(client, "/theme/", body, CONTENT_LENGTH=length)
    assert (status, body.was_read) == (411, 0)


def test_events_are_refused_by_length_too(db: None, client: Client) -> None:
    body = Body(b"x" * (MOST + 1))
    status, _ = send(client, f"/events/{'0' * 8}-0000-0000-0000-{'0' * 12}/", body, CONTENT_LENGTH=str(MOST + 1))
    assert (status, body.was_read) == (413, 0)


@pytest.fixture
def spool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary files would go."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("size", [1, MOST - 1000])
def test_no_page_takes_a_file(cast: Cast, client: Client, spool: Path, size: int) -> None:
    client.force_login(cast.org_owner)
    file = SimpleUploadedFile("photo.png", b"x" * size)
    response = client.post(reverse("profile"), {"handle": "renamed", "name": "Renamed", "photo": file})
    assert response.status_code == 400
    cast.org_owner.refresh_from_db()
    assert cast.org_owner.handle == "org-owner"
    assert list(spool.iterdir()) == []
