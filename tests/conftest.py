"""The database of the tests, and the cast: who exists in every test that asks for people."""

import logging
import pickle
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache as cached
from typing import Any

import pytest
import time_machine
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.conf import settings
from django.contrib.staticfiles.storage import StaticFilesStorage
from django.core.cache import cache
from django.core.management.commands import flush
from django.db import connection, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper
from django.test import Client
from django.test import client as test_client
from django.utils import timezone
from pytest_django import Settings
from pytest_django.plugin import DjangoDbBlocker
from whitenoise.middleware import WhiteNoiseMiddleware

from tests import factories, kinds, schema
from tests.signed_in import sign_in
from workspaces import isolation
from workspaces.access import Scope
from workspaces.models import AuditEvent, Membership, Organization, Plan, Role, Tenant, User, Workspace

# Events of other times and people, as only the owner of the tables can write them.
_TELL_HISTORY = """
    CREATE FUNCTION tell_history(event jsonb) RETURNS bigint LANGUAGE sql SECURITY DEFINER AS $$
        INSERT INTO workspaces_auditevent SELECT (jsonb_populate_record(NULL::workspaces_auditevent,
            event || jsonb_build_object('id', nextval(pg_get_serial_sequence('workspaces_auditevent', 'id'))))).*
        RETURNING id
    $$
"""
# Empties all tables as TRUNCATE would, but that makes hundreds of files anew, whatever is in them, which takes longer.
# What migrating has put there stays, as no test changes it, and need not be made again after each test. Last come the
# tables in which triggers note what is deleted from others: the order in which the catalog gives them changes. Then the
# cast comes back as it was made first, since making it takes longer than most tests.
_BEGIN_ANEW = """
    CREATE FUNCTION begin_anew() RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS $$
    DECLARE tables CONSTANT regclass[] := ARRAY(SELECT oid FROM pg_class
        WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
        AND relname NOT IN ('django_migrations', 'django_content_type', 'auth_permission')
        ORDER BY relname IN ('connections_tally', 'workspaces_change'));
        name regclass;
    BEGIN
        IF (SELECT max(pg_relation_size(oid)) FROM unnest(tables) oid) > 1000000 THEN
            EXECUTE 'TRUNCATE ' || array_to_string(tables, ', ');
        ELSE
            FOREACH name IN ARRAY tables LOOP
                IF pg_relation_size(name) > 0 THEN
                    EXECUTE 'DELETE FROM ' || name;
                END IF;
            END LOOP;
        END IF;
        {returns};
    END $$
"""
_OF_CAST = (User, Tenant, Organization, Workspace, Membership, AuditEvent)  # each after those that it names
_REQUEST_LOG = logging.getLogger("django_structlog.middlewares.request")
_READ_THE_LOG = {"caplog", "capsys", "capfd", "lines"}  # the fixtures that show it
_DATABASE = {"db", "transactional_db", "django_db_setup"}  # the fixtures that lead to it


def pytest_configure() -> None:
    """Hash passwords cheaply, for they protect nothing here, and serve static files from where they are kept.

    Django's test client would copy the context of each template, which takes a tenth of the time of a page's test, and
    each client would look through all static files. Each page has twenty addresses of these, put together anew.
    """
    StaticFilesStorage.url = cached(StaticFilesStorage.url)  # type: ignore[method-assign]
    WhiteNoiseMiddleware.update_files_dictionary = _remember_files  # type: ignore[method-assign]
    Client.force_login = sign_in  # type: ignore[method-assign, assignment]
    test_client.store_rendered_templates = lambda *_, **__: None  # type: ignore[attr-defined]
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.STATIC_ROOT = settings.BASE_DIR / "static"
    settings.STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Give requests their lines in the log where a test may look at them: each takes a twentieth of a page's time."""
    is_read = not _READ_THE_LOG.isdisjoint(getattr(item, "fixturenames", ()))
    _REQUEST_LOG.setLevel(logging.NOTSET if is_read else logging.CRITICAL)


_look_through: Any = WhiteNoiseMiddleware.update_files_dictionary
_static_files: dict[tuple[str, str], dict[str, object]] = {}


def _remember_files(served: Any, root: str, prefix: str) -> None:
    if (root, prefix) not in _static_files:
        _look_through(served, root, prefix)
        _static_files[root, prefix] = dict(served.files)
    served.files.update(_static_files[root, prefix])


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark what takes long, and what needs no server: that is the same on all of them, and so run only once.

    What takes longest comes first, and what waits most of its time first of the share of the last process, so that the
    others work meanwhile.
    """
    for item in items:
        kinds.mark(item)
        uses_database = isinstance(item, pytest.Function) and not _DATABASE.isdisjoint(item.fixturenames)
        if not uses_database and item.get_closest_marker("django_db") is None:
            item.add_marker("neutral")
    items.sort(key=lambda item: not any(map(item.get_closest_marker, ("sweep", "search"))))
    waiting: list[pytest.Item] = []
    working: list[pytest.Item] = []
    for item in items:
        waits = item.get_closest_marker("browser") or item.get_closest_marker("programs")
        (waiting if waits else working).append(item)
    processes = getattr(config, "workerinput", {"workercount": 1})["workercount"]
    shares_before = len(items) - len(items) // processes
    items[:] = working[:shares_before] + waiting + working[shares_before:]


@pytest.fixture(scope="session")
def django_db_setup(django_db_modify_db_settings: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Create the test database as its owner; the tests then run as the plain role, as the product does."""
    with django_db_blocker.unblock():
        owner = connections["owner"]
        name = _create_database(owner)
        flush.sql_flush = lambda *_, **__: ["SELECT begin_anew()"]  # type: ignore[attr-defined]
        flush.emit_post_migrate_signal = lambda *_, **__: None  # type: ignore[attr-defined]
        with owner.cursor() as cursor:
            cursor.execute(_TELL_HISTORY)
        connection.close()
        connection.settings_dict["NAME"] = settings.DATABASES["default"]["NAME"] = name
        _standing.append(pickle.dumps(_create_cast()))
        with owner.cursor() as cursor:
            _keep_cast(cursor)
        owner.close()
    yield
    with django_db_blocker.unblock():
        connection.close()
        owner.creation.destroy_test_db(settings.DATABASES["default"]["NAME"], verbosity=0)


def _create_database(owner: BaseDatabaseWrapper) -> str:
    """Create and migrate a database, from the schema that the last run kept where there is one; gives its name."""
    creation, before = owner.creation, owner.settings_dict["NAME"]
    name: str = creation._create_test_db(verbosity=0, autoclobber=True)  # type: ignore[attr-defined]
    owner.close()
    owner.settings_dict["NAME"] = name
    is_loaded = schema.load(owner)
    owner.close()
    owner.settings_dict["NAME"] = before
    creation.create_test_db(verbosity=0, autoclobber=True, serialize=False, keepdb=True)
    if not is_loaded:
        schema.keep(owner)
    return name


def _keep_cast(cursor: CursorWrapper) -> None:
    """Let the cast stand, also after a test that commits: emptying the tables brings it back."""
    tables = [model._meta.db_table for model in _OF_CAST]
    cursor.execute("CREATE SCHEMA kept")
    for table in tables:
        cursor.execute(f"CREATE TABLE kept.{table} AS TABLE {table}")
    returns = "; ".join(f"INSERT INTO {table} TABLE kept.{table}" for table in tables)
    cursor.execute(_BEGIN_ANEW.format(returns=returns))


# Who is in the cast, in the order in which tables of tests have them.
PEOPLE = (
    "tenant_owner",
    "tenant_member",
    "org_owner",
    "org_member",
    "workspace_owner",
    "operator",
    "reader",
    "stranger",
)


@dataclass(frozen=True)
class Cast:
    """One Enterprise tenant with two organizations, everybody who can have a role in it, and a stranger.

    acme: org tnt (workspaces fireworks, rockets) and org ops (workspace pager). globex is the stranger's, on Team.
    """

    acme: Tenant
    tnt: Organization
    ops: Organization
    fireworks: Workspace
    rockets: Workspace
    pager: Workspace
    globex: Tenant
    globex_org: Organization
    tenant_owner: User
    tenant_member: User
    org_owner: User
    org_member: User
    workspace_owner: User
    operator: User
    reader: User
    stranger: User

    @property
    def at_tenant(self) -> Scope:
        """The scope of acme itself."""
        return Scope(self.acme)

    @property
    def at_org(self) -> Scope:
        """The scope of acme/tnt."""
        return Scope(self.acme, self.tnt)

    @property
    def at_workspace(self) -> Scope:
        """The scope of acme/tnt/fireworks."""
        return Scope(self.acme, self.tnt, self.fireworks)


@pytest.fixture
def cast(db: None) -> Cast:
    """Create the cast."""
    return make_cast()


# The cast that stands in the database, committed when that was created.
_standing: list[bytes] = []


def make_cast() -> Cast:
    """Give the cast, as objects of the caller's own: unpacking them takes an eighth of what copying them does."""
    cast: Cast = pickle.loads(_standing[0])
    return cast


def _create_cast() -> Cast:
    people = {name: factories.user(name.replace("_", "-")) for name in PEOPLE}
    acme = factories.tenant("acme", owner=people["tenant_owner"], plan=Plan.ENTERPRISE)
    globex = factories.tenant("globex", owner=people["stranger"], plan=Plan.TEAM)
    with isolation.as_tenant(globex.pk):
        globex_org = factories.organization(Scope(globex), "main", owner=people["stranger"])
    with isolation.as_tenant(acme.pk):
        tnt = factories.organization(Scope(acme), "tnt", owner=people["org_owner"])
        ops = factories.organization(Scope(acme), "ops", owner=people["tenant_owner"])
        in_tnt = Scope(acme, tnt)
        fireworks = factories.workspace(in_tnt, "fireworks", owner=people["workspace_owner"])
        rockets = factories.workspace(in_tnt, "rockets", owner=people["org_owner"])
        pager = factories.workspace(Scope(acme, ops), "pager", owner=people["tenant_owner"])
        factories.member(Scope(acme), people["tenant_member"], Role.MEMBER)
        factories.member(in_tnt, people["org_member"], Role.MEMBER)
        factories.member(Scope(acme, tnt, fireworks), people["operator"], Role.OPERATOR)
        factories.member(Scope(acme, tnt, fireworks), people["reader"], Role.READER)
    return Cast(
        acme=acme,
        tnt=tnt,
        ops=ops,
        fireworks=fireworks,
        rockets=rockets,
        pager=pager,
        globex=globex,
        globex_org=globex_org,
        **people,
    )


@pytest.fixture
def own_cache(settings: Settings) -> Iterator[None]:
    """A cache of the test's own, in memory: limits that one test counted towards must not stop another."""
    settings.CACHES = settings.CACHES | {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    yield
    cache.clear()


@pytest.fixture
def installer(cast: Cast) -> User:
    """The operator of the installation, with a second factor; a stranger to every tenant."""
    user = User.objects.create_superuser(email="root@example.com", handle="root", password=factories.PASSWORD)
    factories.second_factor(user)
    return user


@pytest.fixture
def as_operator(installer: User, client: Client) -> Client:
    """A browser in which the operator of the installation is signed in, with their second factor."""
    return sign_in_as_operator(client, installer)


def sign_in_as_operator(client: Client, user: User) -> Client:
    """Sign somebody in with their password and a code from their authenticator app."""
    with time_machine.travel(timezone.now(), tick=False):  # the code must not grow old on the way
        client.post("/account/login/", {"login": user.email, "password": factories.PASSWORD})
        code = format_hotp_value(hotp_value(factories.TOTP_SECRET, next(yield_hotp_counters_from_time())))
        client.post("/account/2fa/authenticate/", {"code": code})
    return client


@pytest.fixture
def as_tenant_owner(cast: Cast, client: Client) -> Client:
    """A browser in which acme's owner is signed in."""
    client.force_login(cast.tenant_owner)
    return client


@pytest.fixture
def as_org_owner(cast: Cast, client: Client) -> Client:
    """A browser in which the owner of acme/tnt is signed in."""
    client.force_login(cast.org_owner)
    return client
