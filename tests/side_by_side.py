"""What keeps processes of tests apart that run at the same time: loaded before the settings are (pyproject.toml).

Each has a test database of its own too, see `django_db_setup`.
"""

import os
from urllib.parse import urlsplit

_REDIS_DATABASES = 16  # as many as Redis has unless it is told otherwise


def redis_url_of(process: str, url: str) -> str:
    """Give a process its database in Redis: "gw0" the one that is named, "gw1" the last one, "gw2" the one before."""
    number = int(process.removeprefix("gw"))
    if not number:
        return url
    database = _REDIS_DATABASES - number
    if url.startswith("unix:"):
        return f"{url.partition('?')[0]}?db={database}"
    return urlsplit(url)._replace(path=f"/{database}").geturl()


if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ["REDIS_URL"] = redis_url_of(os.environ["PYTEST_XDIST_WORKER"], os.environ["REDIS_URL"])
