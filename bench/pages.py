"""Pages of a large tree, through Django's test client: ours, Django's admin, and what f-strings would make."""

from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext, override_settings

from bench.database import a_scope, analyze
from bench.mirrors import a_snapshot, an_integration, sync
from bench.table import Row, at_most, fastest_of, show
from connections.models import Connection, Folder
from tests import factories
from workspaces import isolation
from workspaces.access import Scope
from workspaces.models import User

_CHILDREN = 500
_SET_AT = 10_000  # the size that the goals are set at
_ADMIN = "/bench/admin/connections/connection/"
_PLAIN_FILES = "django.contrib.staticfiles.storage.StaticFilesStorage"


def run(accounts: int, runs: int) -> None:
    """Compare a folder of five hundred, the root of the tree with all of it, and a search with doing nothing."""
    name = f"pages-{accounts}"
    scope = a_scope(name)
    with isolation.as_tenant(scope.tenant.pk):
        integration = an_integration(scope)
        sync(integration, a_snapshot(accounts))
        root = integration.root_folder
        wide = factories.folder(scope, "Wide", parent=root)
        _fill(scope, wide)
    owner = User.objects.get(handle=name)
    User.objects.filter(pk=owner.pk).update(is_superuser=True)
    analyze()
    client = Client()
    client.force_login(owner)
    storages = settings.STORAGES | {"staticfiles": {"BACKEND": _PLAIN_FILES}}
    with override_settings(
        ROOT_URLCONF="bench.urls",
        DEBUG=False,
        ALLOWED_HOSTS=["testserver"],
        SECURE_SSL_REDIRECT=False,
        STORAGES=storages,
    ):
        _compare(_Pages(client, scope, runs * 3), accounts, root, wide)


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
    """One person's browser in one scope."""

    def __init__(self, client: Client, scope: Scope, runs: int) -> None:
        self.scope, self._client, self._runs = scope, client, runs
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


_NOT_ASKING = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE", "SELECT set_config")
