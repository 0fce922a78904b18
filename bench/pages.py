"""Pages of a large tree, through Django's test client: ours, Django's admin, and what f-strings would make."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial

from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext, override_settings
from django.utils import timezone

from bench.database import a_scope, analyze
from bench.mirrors import a_snapshot, an_integration, sync
from bench.table import Row, at_most, fastest_in_turn, fastest_of, show
from connections import sharing
from connections.actions import add_schema, create_aggregator
from connections.models import Aggregator, Connection, Folder
from integrations.models import Integration, SyncRun
from integrations.sync import schedule
from tests import factories
from workspaces import isolation
from workspaces.access import Scope
from workspaces.models import User

_CHILDREN = 500
_SMALL = 100  # accounts
_MOST = 2  # times as long as in a small tree
_SET_AT = 10_000  # the size that the goals are set at
_ADMIN = "/bench/admin/connections/connection/"
_PLAIN_FILES = "django.contrib.staticfiles.storage.StaticFilesStorage"


def run(accounts: int, runs: int) -> None:
    """Compare the pages of a tree with those of a small one, in turn.

    Before that, where the whole of it can be written: a folder of five hundred, the root of the tree with all of it,
    and a search with doing nothing.
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
        if accounts <= _SET_AT:
            _compare(_Pages(scope, runs * 3), accounts, root, wide)
        _compare_sizes(_Pages(small, runs * 3), small_one, _Pages(scope, runs * 3), integration, accounts)


def _a_tree(name: str, accounts: int) -> tuple[Scope, Integration]:
    """Mirror so many accounts in an organization of their own, with a workspace that uses all of them.

    Its owner may open Django's admin too.
    """
    scope = a_scope(name)
    with isolation.as_tenant(scope.tenant.pk):
        integration = an_integration(scope)
        sync(integration, a_snapshot(accounts))
        schedule.create(integration, now=timezone.now())
        _run_a_hundred_times(integration)
        owner = User.objects.get(handle=name)
        place = factories.workspace(scope, "desk", owner=owner)
        desk = Scope(scope.tenant, scope.organization, place)
        sharing.set_grants(integration.root_folder, [desk])
        add_schema(scope=desk, node=integration.root_folder, by=owner)
        create_aggregator(scope=desk, handle="some", patterns=["account_1*"], by=owner)
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


_SAME_AT_ANY_SIZE = (
    ("the organization", ""),
    ("the integration", "integrations/{handle}/"),
    ("its settings", "integrations/{handle}/advanced/"),
    ("the list of integrations, with the overview", "integrations/"),
    ("all connections", "connections/"),
    ("those that were not tested", "connections/?health=untested"),
    ("a search of connections", "connections/?q=account"),
    ("a search of connections that finds a few", "connections/?q=00000000007"),
    ("a search of connections that finds nothing", "connections/?q=nowhere"),
    ("the top folder", "connections/folders/{root}/"),
    ("permissions of the top folder", "connections/folders/{root}/permissions/"),
    ("who uses the top folder", "connections/folders/{root}/used-by/"),
    ("a folder", "connections/folders/{folder}/"),
    ("a connection", "connections/{connection}/"),
    ("the search of everything", "search/?q=account"),
    ("the palette, by account ID", "search/?q=000000000007"),
    ("the chart", "integrations/{handle}/picture/?as=chart"),
    ("the map", "integrations/{handle}/picture/?as=map"),
    ("processes", "integrations/{handle}/processes/"),
    ("deleting the integration", "integrations/{handle}/delete/"),
    ("a workspace", "workspaces/desk/connections/"),
    ("a search in a workspace", "workspaces/desk/connections/?q=account"),
    ("the top folder in a workspace", "workspaces/desk/connections/folders/{root}/"),
    ("what is in use", "workspaces/desk/connections/in-use/"),
    ("aggregators", "workspaces/desk/aggregators/"),
    ("the aggregator of all", "workspaces/desk/aggregators/all_aws/"),
    ("an aggregator", "workspaces/desk/aggregators/{aggregator}/"),
    ("the search path", "workspaces/desk/advanced/search-path/"),
)


def _compare_sizes(few: "_Pages", small: Integration, many: "_Pages", large: Integration, accounts: int) -> None:
    """Show what each page takes in a small tree and in the large one, asked for in turn.

    It was asked for before, and nothing has changed since; beside it stands the first that somebody asks for after a
    change in the large tree, when everything is counted anew.
    """
    ratios, anew = {}, {}
    of_few, of_many = few.addresses(small), many.addresses(large)
    for name, url in _SAME_AT_ANY_SIZE:
        rows = few.beside(many, name, (few.at + url.format(**of_few), many.at + url.format(**of_many)))
        rows.append(many.after_a_change(many.at + url.format(**of_many)))
        show(f"{name.capitalize()}, of {_SMALL} and {accounts:,} accounts", rows)
        ratios[name], anew[name] = (row.seconds / rows[0].seconds for row in rows[1:])
    if accounts >= _SET_AT:
        for words, these in (("", ratios), (" after a change", anew)):
            beyond = [f"{name} ({ratio:.1f})" for name, ratio in these.items() if ratio > _MOST]
            print(f"\n{len(these)} pages; more than {_MOST} x take{words}: {', '.join(beyond) or 'none'}")
        at_most(f"a page at {accounts:,} accounts, of the time at {_SMALL}", max(ratios.values()), _MOST)
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
        self.at = scope.url("organization_home")
        self.sizes: dict[str, int] = {}
        self.most_queries = 0

    def bench(self, view: str, folder: Folder) -> str:
        """Give the URL of a view that a page is compared with."""
        assert self.scope.organization is not None
        return f"/bench/{view}/{self.scope.organization.pk}/{folder.pk}/?tenant={self.scope.tenant.pk}"

    def addresses(self, integration: Integration) -> dict[str, object]:
        """Give what stands in the URLs of pages."""
        own = Connection.objects.filter(root=integration.root_folder)
        with isolation.as_tenant(self.scope.tenant.pk):
            return {
                "handle": integration.handle,
                "root": integration.root_folder_id,
                "folder": Folder.objects.filter(parent=integration.root_folder).values_list("pk", flat=True)[0],
                "connection": own.values_list("pk", flat=True)[0],
                "aggregator": Aggregator.objects.values_list("pk", flat=True)[0],
            }

    def ask(self, url: str, headers: dict[str, str] | None = None) -> int:
        """Ask for a page, and give its bytes."""
        response = self._client.get(url, headers=headers)
        assert response.status_code == 200, (url, response.status_code)
        return len(response.content)

    def _count(self, name: str, once: Callable[[], int], *, warm: bool = True) -> str:
        if warm:
            once()
        with CaptureQueriesContext(connection) as captured:
            size = once()
        asked = [query["sql"] for query in captured if not query["sql"].startswith(_NOT_ASKING)]
        self.sizes[name], self.most_queries = size, max(self.most_queries, len(asked))
        return f"{len(asked)} queries, {size:,} bytes"

    def row(self, name: str, url: str, headers: dict[str, str] | None = None) -> Row:
        """Ask for a page a few times; also count its queries and bytes, of the answer as it is before compression."""
        once = partial(self.ask, url, headers)
        counted = self._count(name, once)
        return Row(name, fastest_of(self._runs, once), counted)

    def after_a_change(self, url: str) -> Row:
        """Ask for a page a few times, each time after something has changed."""
        seconds, marks = [], "UPDATE connections_aggregator SET patterns = patterns"
        for _ in range(self._runs):
            with isolation.as_tenant(self.scope.tenant.pk), connection.cursor() as cursor:
                cursor.execute(marks)
            seconds.append(fastest_of(1, partial(self.ask, url)))
        with isolation.as_tenant(self.scope.tenant.pk), connection.cursor() as cursor:
            cursor.execute(marks)
        counted = self._count("after a change", partial(self.ask, url), warm=False)
        return Row("after a change", min(seconds), counted)

    def beside(self, other: "_Pages", name: str, urls: tuple[str, str]) -> list[Row]:
        """Ask for a page here and for the same page of another scope, in turn, a few times."""
        both = [partial(pages.ask, url) for pages, url in zip((self, other), urls, strict=True)]
        counted = [pages._count(name, once) for pages, once in zip((self, other), both, strict=True)]
        times = fastest_in_turn(self._runs, *both)
        return [
            Row(pages.scope.tenant.handle, *each) for pages, *each in zip((self, other), times, counted, strict=True)
        ]


_NOT_ASKING = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE", "WITH before AS MATERIALIZED")  # the last binds the tenant
