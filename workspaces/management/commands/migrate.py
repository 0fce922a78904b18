"""``manage.py migrate``, as the tables' owner, and the rights of the role that the application runs as."""

from collections.abc import Callable
from contextlib import suppress
from time import sleep
from typing import Any, Final

from django.conf import settings
from django.core.management.base import CommandError, CommandParser
from django.core.management.commands.migrate import Command as Migrate
from django.db import DatabaseError, OperationalError, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.recorder import MigrationRecorder
from psycopg import errors, sql

# Statements queue behind one that waits for a table; and where a migration and a reader wait for
# each other, PostgreSQL ends the one who has waited for a second (deadlock_timeout). So a migration gives up long
# before, and is tried again. Later it waits a little longer than that second, which sends off an autovacuum in its way.
LOCK_TIMEOUT, LONGER_TIMEOUT = "300ms", "1200ms"
PAUSES: Final = (0.5, 1, 1, 2, 2, 4, 4, 8, 8, 15, 15, 30, 30)  # seconds
_SHORT_ATTEMPTS: Final = 5
_IN_USE: Final = (
    "Another session holds what a migration needs, and does not let go of it. What came before that migration is done,"
    " and the version before goes on. Look for the session in pg_stat_activity, and run migrate again."
)
_NO_LOCKS: Final = (errors.LockNotAvailable, errors.DeadlockDetected)


class Command(Migrate):
    """Migrate with DATABASE_OWNER_URL, then let the role of DATABASE_URL use (and own) nothing but rows.

    While the version before runs: a migration that does not get its locks at once is undone and tried again.
    """

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.set_defaults(database="owner")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["database"] not in connections:
            raise CommandError("Set DATABASE_OWNER_URL: migrations run as the owner of the tables.")
        connection = connections[options["database"]]
        try:
            with connection.execute_wrapper(_let_concurrent_wait):
                self._try_until_done(connection, *args, **options)
        finally:
            connection.close()  # and with it how long it waits

    def _try_until_done(self, connection: BaseDatabaseWrapper, *args: Any, **options: Any) -> None:
        """Migrate; what is done is done, so that another attempt goes on with the migration that did not get through.

        Raises CommandError when one never does.
        """
        attempt, done = 0, None
        while True:
            _wait_for_locks(connection, LOCK_TIMEOUT if attempt < _SHORT_ATTEMPTS else LONGER_TIMEOUT)
            try:
                return self._migrate(*args, **options)
            except OperationalError as error:
                if not isinstance(error.__cause__, _NO_LOCKS):
                    raise
                before, done = done, set(MigrationRecorder(connection).applied_migrations())
                attempt = attempt if done == before else 0
                if attempt == len(PAUSES):
                    raise CommandError(f"{_IN_USE} ({str(error).strip()})") from error
            self.stdout.write(f" in use: undone, and tried again in {PAUSES[attempt]} s")
            sleep(PAUSES[attempt])
            attempt += 1

    def _migrate(self, *args: Any, **options: Any) -> None:
        prepare_application_role(options["database"])
        super().handle(*args, **options)
        grant_application_role(options["database"])
        limit_statements()


def _wait_for_locks(connection: BaseDatabaseWrapper, limit: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('lock_timeout', %s, false)", [limit])


def _let_concurrent_wait(execute: Callable[..., Any], statement: Any, *rest: Any) -> Any:
    """Let what nobody waits for wait as long as it takes: it is for the end of each transaction that runs."""
    if "CONCURRENTLY" not in str(statement):
        return execute(statement, *rest)
    connection = rest[-1]["connection"]
    _wait_for_locks(connection, "0")
    try:
        return execute(statement, *rest)
    finally:
        _wait_for_locks(connection, LOCK_TIMEOUT)


def prepare_application_role(owner_alias: str) -> None:
    """Create the role of DATABASE_URL if it is missing; what is made from now on is its to use from the first moment.

    The version before runs meanwhile, and a policy may look into a table that is new. Raises CommandError when the role
    is missing and the owner may not make it.
    """
    database = settings.DATABASES["default"]
    role, password = sql.Identifier(database["USER"]), database["PASSWORD"] or ""
    with connections[owner_alias].cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [database["USER"]])
        if cursor.fetchone() is None:
            create = sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(role, sql.Literal(password))
            try:
                cursor.execute(create)
            except errors.InsufficientPrivilege as error:
                raise CommandError(f"Create the role {database['USER']} yourself: {error}") from error
        elif password:
            _set_password(cursor, database["USER"], password)
        for kind, rights in (("TABLES", "SELECT, INSERT, UPDATE, DELETE"), ("SEQUENCES", "USAGE, SELECT")):
            by_default = f"ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT {rights} ON {kind} TO {{}}"
            cursor.execute(sql.SQL(by_default).format(role))


def grant_application_role(owner_alias: str) -> None:
    """Grant the role of DATABASE_URL rows, not tables.

    Audit events can be added and read only, Django's own log of the admin only read, people are never
    deleted, and what triggers count only triggers write.
    """
    role = sql.Identifier(settings.DATABASES["default"]["USER"])
    with connections[owner_alias].cursor() as cursor:
        for statement in (
            "GRANT USAGE ON SCHEMA public TO {}",
            *_grants_on_own(cursor),
            "REVOKE UPDATE, DELETE ON workspaces_auditevent FROM {}",
            "REVOKE UPDATE, DELETE ON django_admin_log FROM {}",
            "REVOKE DELETE ON workspaces_user FROM {}",
            "REVOKE INSERT, UPDATE, DELETE ON django_migrations FROM {}",
        ):
            cursor.execute(sql.SQL(statement).format(role))


def limit_statements() -> None:
    """Have PostgreSQL end what runs, or does nothing within a transaction, for too long.

    As defaults of the role, which it may set itself: what is said at the start of a session, PgBouncer refuses.
    """
    with connections["default"].cursor() as cursor:
        cursor.execute("ALTER ROLE CURRENT_USER SET statement_timeout = '30s'")
        cursor.execute("ALTER ROLE CURRENT_USER SET idle_in_transaction_session_timeout = '60s'")
    connections["default"].close()


def _set_password(cursor: Any, name: str, password: str) -> None:
    """Let the role sign in with the password of DATABASE_URL, so that changing it there is all there is to do.

    What is sent is what PostgreSQL stores, not the password. Where somebody else made the role, it stays as it is.
    """
    raw = cursor.db.connection.pgconn
    stored = raw.encrypt_password(password.encode(), name.encode(), b"scram-sha-256").decode()
    change = sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(name), sql.Literal(stored))
    # Another's role keeps its password: the statement fails, which must not end a transaction around it.
    with suppress(DatabaseError), transaction.atomic(using=cursor.db.alias):
        cursor.execute(change)


def _grants_on_own(cursor: Any) -> list[str]:
    """Grant the rights on what the owner owns; what others have put beside it is theirs to give."""
    cursor.execute(
        "SELECT quote_ident(relname), relkind FROM pg_class WHERE relnamespace = 'public'::regnamespace"
        " AND relkind IN ('r', 'p', 'v', 'S') AND relowner = current_user::regrole ORDER BY relname"
    )
    rights = {"S": "USAGE, SELECT"}
    own = cursor.fetchall()
    grants = [
        f"GRANT {rights.get(kind, 'SELECT, INSERT, UPDATE, DELETE')} ON public.{name} TO {{}}" for name, kind in own
    ]
    counted = (name for name, _ in own if name == "connections_tally")  # not there before its migration
    return grants + [f"REVOKE INSERT, UPDATE, DELETE ON public.{name} FROM {{}}" for name in counted]
