"""What the version before cannot survive in a migration: its web and workers run while the new schema comes.

The same rule lets one go back: the older version then runs on the newer schema. What is removed goes a release later
than its last use; what is added has a default that the database itself fills in.
"""

import re
from collections.abc import Iterable, Iterator

from django.db import models
from django.db.migrations import Migration
from django.db.migrations.operations import (
    AddConstraint,
    AddField,
    AlterField,
    AlterModelTable,
    AlterUniqueTogether,
    DeleteModel,
    RemoveField,
    RenameField,
    RenameModel,
    RunSQL,
    SeparateDatabaseAndState,
)
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState

_GONE = (RemoveField, DeleteModel, RenameField, RenameModel, AlterModelTable)
_TABLE = r'(?:public\.)?"?(?P<table>\w+)"?'
# Each with what it does to whoever does not know of it.
_STATEMENTS = tuple(
    (re.compile(pattern, re.IGNORECASE | re.DOTALL), what)
    for pattern, what in (
        (rf"\bDROP TABLE (?:IF EXISTS )?{_TABLE}", "drops a table that the version before uses"),
        (rf"\bALTER TABLE (?:ONLY )?{_TABLE}[^;]*?\bDROP COLUMN\b", "drops a column that the version before uses"),
        (rf"\bALTER TABLE (?:ONLY )?{_TABLE}[^;]*?\bRENAME\b", "renames what the version before uses"),
        (rf"\bALTER TABLE (?:ONLY )?{_TABLE}[^;]*?\bSET NOT NULL\b", "refuses rows that the version before writes"),
        (
            rf"\bALTER TABLE (?:ONLY )?{_TABLE}[^;]*?\bADD CONSTRAINT\b",
            "may refuse rows that the version before writes",
        ),
        (rf"\bCREATE UNIQUE INDEX\b[^;]*?\bON {_TABLE}", "may refuse rows that the version before writes"),
        (rf"\bALTER TABLE (?:ONLY )?{_TABLE}[^;]*?\b(?:ENABLE|FORCE) ROW LEVEL SECURITY\b", "hides rows from it"),
        (rf"\bCREATE POLICY\b[^;]*?\bON {_TABLE}[^;]*?\bAS RESTRICTIVE\b", "hides rows from it"),
        (rf"\b(?:ALTER|DROP) POLICY\b[^;]*?\bON {_TABLE}", "may hide rows from it"),
        (rf"\bCREATE (?:CONSTRAINT )?TRIGGER\b[^;]*?\bON {_TABLE}", "may refuse what the version before writes"),
        (rf"\bREVOKE\b[^;]*?\bON (?:TABLE )?{_TABLE}", "takes rights that the version before uses"),
    )
)


def hazards(migration: Migration, before: ProjectState, old: ProjectState) -> Iterator[tuple[str, str]]:
    """Give each operation that the version before may not survive, described, and why.

    `before` is the state that the migration finds, and is moved on; `old` what the version before made.
    """
    for operation in _flat(migration.operations):
        for why in _hazards(operation, migration.app_label, before, old):
            yield operation.describe(), why
    for operation in migration.operations:
        operation.state_forwards(migration.app_label, before)


def _flat(operations: Iterable[Operation]) -> Iterator[Operation]:
    """What happens in the database; what is taken out of the state only, the database still has."""
    for operation in operations:
        if isinstance(operation, SeparateDatabaseAndState):
            yield from _flat(operation.database_operations)
        else:
            yield operation


def _hazards(operation: Operation, app: str, before: ProjectState, old: ProjectState) -> Iterator[str]:
    if isinstance(operation, RunSQL):
        yield from _in_sql(operation, _tables(old))
        return
    names = (getattr(operation, name, None) for name in ("model_name", "old_name", "name"))
    model = app, next(filter(None, names), "").lower()
    if model not in old.models:
        return  # the version before does not know the table
    if isinstance(operation, _GONE):
        yield "the version before still uses it: remove it a release later"
    elif isinstance(operation, AddField) and not _fills_itself(operation.field):
        yield "the version before writes no such column: give it db_default= or null=True"
    elif isinstance(operation, AlterField):
        yield from _in_altered(before.models[model].fields[operation.name], operation.field)
    elif isinstance(operation, AddConstraint) or (
        isinstance(operation, AlterUniqueTogether) and operation.option_value
    ):
        yield "the version before may write rows that it refuses"


def _in_altered(was: models.Field, is_now: models.Field) -> Iterator[str]:  # type: ignore[type-arg]
    if was.null and not is_now.null:
        yield "the version before may write null"
    if was.has_db_default() and not _fills_itself(is_now):
        yield "the version before may count on the database's default"
    if is_now.unique and not was.unique:
        yield "the version before may write the same value twice"
    if was.get_internal_type() != is_now.get_internal_type():
        yield "the version before reads and writes another type"
    elif was.max_length and is_now.max_length and is_now.max_length < was.max_length:
        yield "the version before may write longer values"


def _fills_itself(field: models.Field) -> bool:  # type: ignore[type-arg]
    return bool(field.null or field.has_db_default() or field.many_to_many or field.generated)


def _in_sql(operation: RunSQL, old_tables: set[str]) -> Iterator[str]:
    statements = operation.sql if isinstance(operation.sql, str) else "; ".join(map(str, operation.sql))
    for pattern, what in _STATEMENTS:
        for match in pattern.finditer(statements):
            if match["table"] in old_tables:
                yield f"{match['table']}: {what}"


def _tables(state: ProjectState) -> set[str]:
    return {str(model.options.get("db_table") or f"{app}_{name}") for (app, name), model in state.models.items()}
