"""Names as AWS allows them, through a whole sync: titles stay as they are, handles are well-formed and unique."""

import re

from django.test import Client

from connections.models import Connection, Folder
from tests.conftest import Cast
from tests.integrations.conftest import Synced
from tests.integrations.sync.exact import in_aws, in_tree
from workspaces import isolation

LONGEST = ("x" * 128, "東" * 128, "🚀" * 128, "é" * 128, "Данные " * 18 + "xy")
TWINS = ("Prod", "prod", "PROD!", "pröd", "  prod  ", "Prod")
EMPTY_SLUGS = ("🚀🚀", "💥", "—", "-", "_")
OF_THE_SYSTEM = ("PG Backups", "pg_catalog", "Information Schema", "steampipe_internal")
HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{ 7*7 }}",
    "'; DROP TABLE x; --",
    "a\u202eb",
)
NAMES = (
    *LONGEST,
    *TWINS,
    *EMPTY_SLUGS,
    *HOSTILE,
    *OF_THE_SYSTEM,
    "東京",
    "Łódź",
    "a/b\\c",
    "root",
    "1st",
    "a\nb",
    "null\x00byte",
)
HANDLE = re.compile(r"[a-z][a-z0-9_]{0,62}")


def test_any_name_that_aws_allows_is_mirrored_as_it_is(mirror: Synced, cast: Cast, as_org_owner: Client) -> None:
    organization = mirror.aws.organization
    units = {name: organization.create_unit(name).id for name in dict.fromkeys(NAMES) if "\x00" not in name}
    organization.create_unit("Prod", parent=units["Prod"])  # equal names are free in another parent
    for number, name in enumerate(NAMES):
        organization.create_account(name, parent=units.get(name, ""), account_id=f"{number:012}", joined_at=10.0)
    run = mirror.work()
    assert (run.state, run.error) == ("succeeded", "")
    organization.rename(f"{NAMES.index(NAMES[-1]):012}", "null\N{REPLACEMENT CHARACTER}byte")  # the database has no NUL
    assert in_tree(mirror.integration) == in_aws(organization)
    with isolation.as_tenant(cast.acme.pk):
        for model in (Folder, Connection):
            handles = list(
                model.objects.filter(root=mirror.integration.root_folder_id).values_list("handle", flat=True)
            )
            assert len(set(handles)) == len(handles)
            assert all(HANDLE.fullmatch(handle) for handle in handles)
        names = Connection.objects.values_list("handle", flat=True)
        assert [name for name in names if name.startswith(("pg_", "steampipe_")) or name == "information_schema"] == []
    assert mirror.sync().counts == {}
    for page in ("connections/?q=script", f"integrations/main/processes/{run.number}/"):
        html = as_org_owner.get(f"/tenants/acme/orgs/tnt/{page}").content.decode()
        assert "&lt;script&gt;alert(1)" in html
        assert "<script>alert" not in html
        assert "<img src=x" not in html
