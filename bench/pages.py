"""Pages of a large tree, through Django's test client: ours, Django's admin, and what f-strings would make."""

from datetime import timedelta

from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext, override_settings
from django.utils import timezone

from bench.database import a_scope, analyze
from bench.mirrors import a_snapshot, an_integration, sync
from bench.table import Row, at_most, fastest_of, show
from connections.models import Connection, Folder
from integrations.models import Integration, SyncRun
from integrations.sync import schedule
from tests import factories
from workspaces import isolation
from workspaces.access import Scope
from workspaces.models import User

_CHILDREN = 500
_SMALL = 62  # accounts, as the sample AWS organization has
_SET_AT = 10_000  # the size that the goals are set at
_ADMIN = "/bench/admin/connections/connection/"
_PLAIN_FILES = "django.contrib.staticfiles.storage.StaticFilesStorage"


def run(accounts: int, runs: int) -> None:
    """Compare a folder of five hundred, the root of the tree with all of it, and a search with doing nothing.

    Then the pages of this tree with those of a small one.
    """
    scope, integration = _a_tree(f"pages-{accounts}", accounts)
    small, small_one = _a_tree(f"pages-beside-{accounts}", _SMALL)
    root = integration.root_folder
    with isolation.as_tenant(scope.tenant.pk):
        wide = factories.folder(scope, "Wide", parent=root)
        _fill(scope, wide)
    analyze()
    storages = settings.STORAGES | {"staticfiles": {"BACKEND": _PLAIN_FILES}}
    with override_settings(
        ROOT_URLCONF="bench.urls",
        DEBUG=False,
        ALLOWED_HOSTS=["testserver"],
        SECURE_SSL_REDIRECT=False,
        STORAGES=storages,
    ):
        _compare(_Pages(scope, runs * 3), accounts, root, wide)
        _compare_sizes(_Pages(small, runs * 3), small_one, _Pages(scope, runs * 3), integration, accounts)


def _a_tree(name: str, accounts: int) -> tuple[Scope, Integration]:
    """Mirror so many accounts in an organization of their own, whose owner may open Django's admin too."""
    scope = a_scope(name)
    with isolation.as_tenant(scope.tenant.pk):
        integration = an_integration(scope)
        sync(integration, a_snapshot(accounts))
        schedule.create(integration, now=timezone.now())
        _run_a_hundred_times(integration)
    User.objects.filter(handle=name).update(is_superuser=True)
    return scope, integration


def _run_a_hundred_times(integration: Integration) -> None:
    """Give it a past, in which every other sync changed something."""
    now = timezone.now()
    SyncRun.objects.bulk_create(
        SyncRun(
            tenant_id=integration.tenant_id,
            integration=integration,
            trigger=SyncRun.Trigger.SCHEDULED,
            state=SyncRun.State.SUCCEEDED,
            counts={"create": 3, "move": 1} if number % 2 else {},
            queued_at=now - timedelta(hours=number),
            started_at=now - timedelta(hours=number),
            finished_at=now - timedelta(hours=number, seconds=-9),
        )
        for number in range(100, 0, -1)
    )


def _compare_sizes(few: "_Pages", small: Integration, many: "_Pages", large: Integration, accounts: int) -> None:
    """Show what each page takes in a tree of 62 accounts and in the large one."""
    worst = 0.0
    for name, url in (
        ("the integration", "integrations/{handle}/"),
        ("the list of integrations, with the overview", "integrations/"),
        ("all connections", "connections/"),
        ("those that were not tested", "connections/?health=untested"),
        ("the search of everything", "search/?q=account"),
        ("the palette, by account ID", "search/?q=000000000007"),
        ("the chart", "integrations/{handle}/picture/?as=chart"),
        ("the map", "integrations/{handle}/picture/?as=map"),
        ("processes", "integrations/{handle}/processes/"),
    ):
        rows = [
            pages.row(f"{name}, {number:,}", pages.scope.url("organization_home") + url.format(handle=one.handle))
            for pages, one, number in ((few, small, _SMALL), (many, large, accounts))
        ]
        show(f"{name.capitalize()}, of {_SMALL} and {accounts:,} accounts", rows)
        worst = max(worst, rows[1].seconds / rows[0].seconds)
    if accounts == _SET_AT:
        at_most(f"a page at {accounts:,} accounts, of the time at {_SMALL}", worst, 3)
        at_most("queries of a page", max(few.most_queries, many.most_queries), 12)


def _compare(pages: "_Pages", accounts: int, root: Folder, wide: Folder) -> None:
    ours = f"{pages.scope.url('connection_list')}folders"
    tenant_id = pages.scope.tenant.pk
    empty = pages.row("an empty view behind the same middleware", "/bench/empty/")
    folder = [
        pages.row("f-strings, all rows", pages.bench("written-out", wide)),
        pages.row("ours, all rows by our template", pages.bench("all-at-once", wide)),
        pages.row("ours, its page of 50", f"{ours}/{wide.pk}/"),
        pages.row("Django's admin, all rows", f"{_ADMIN}?folder__id__exact={wide.pk}", {"X-Tenant": str(tenant_id)}),
    ]
    show(f"A folder of {_CHILDREN} beside {accounts} accounts", [*folder, empty])
    tree = [
        pages.row("the whole tree by our template", pages.bench("whole-by-template", root)),
        pages.row("the whole tree by f-strings", pages.bench("whole", root)),
        pages.row("ours, the root of the lazy tree", f"{ours}/{root.pk}/"),
        pages.row("ours, one folder opened in place", f"{ours}/{root.pk}/?inside", {"HX-Request": "true"}),
    ]
    show(f"A tree of {accounts} accounts", tree)
    asking = f"{ours}/{root.pk}/?q="
    search = [
        empty,
        pages.row("ours, a search that finds one in a hundred", f"{asking}77"),
        pages.row("ours, a search that finds everything", f"{asking}account"),
        pages.row("ours, a search that finds nothing", f"{asking}nowhere"),
    ]
    show(f"A search over {accounts} accounts", search)
    if accounts == _SET_AT:
        written, all_rows, page, admin = folder
        whole, _, root_row, _ = tree
        at_most("a folder of 500, of Django's admin", page.seconds / admin.seconds, 0.2)
        at_most("a folder of 500, of f-strings", max(page.seconds, all_rows.seconds) / written.seconds, 5)
        at_most("the root of a lazy tree, of the time of the whole", root_row.seconds / whole.seconds, 1 / 25)
        at_most("… of its bytes", pages.sizes[root_row.name] / pages.sizes[whole.name], 1 / 100)
        at_most("a search, of an empty view", max(row.seconds for row in search) / empty.seconds, 40)
        at_most("queries of a page", pages.most_queries, 12)


def _fill(scope: Scope, folder: Folder) -> None:
    own = {"root_id": folder.root_id, "folder": folder, "is_managed": True}
    Connection.objects.bulk_create(
        Connection(**scope.keys, **own, title=f"Wide {n}", handle=f"wide_{n}", source_id=f"{900000000000 + n}")
        for n in range(_CHILDREN)
    )


class _Pages:
    """The browser of a scope's owner."""

    def __init__(self, scope: Scope, runs: int) -> None:
        self.scope, self._client, self._runs = scope, Client(), runs
        self._client.force_login(User.objects.get(handle=scope.tenant.handle))
        self.sizes: dict[str, int] = {}
        self.most_queries = 0

    def bench(self, view: str, folder: Folder) -> str:
        """Give the URL of a view that a page is compared with."""
        assert self.scope.organization is not None
        return f"/bench/{view}/{self.scope.organization.pk}/{folder.pk}/?tenant={self.scope.tenant.pk}"

    def row(self, name: str, url: str, headers: dict[str, str] | None = None) -> Row:
        """Ask for a page a few times; also count its queries and bytes, of the answer as it is before compression."""

        def once() -> int:
            response = self._client.get(url, headers=headers)
            assert response.status_code == 200, (url, response.status_code)
            return len(response.content)

        once()
        with CaptureQueriesContext(connection) as captured:
            size = once()
        asked = [query["sql"] for query in captured if not query["sql"].startswith(_NOT_ASKING)]
        self.sizes[name], self.most_queries = size, max(self.most_queries, len(asked))
        return Row(name, fastest_of(self._runs, once), f"{len(asked)} queries, {size:,} bytes")


_NOT_ASKING = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE", "WITH before AS MATERIALIZED")  # the last binds the tenant
