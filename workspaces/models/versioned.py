"""What every row has that can be changed and that programs are shown: an id, who made it, and which version it is."""

import hashlib
from typing import Any

from django.db import models
from django.db.models import Func, Value

PUBLIC_ID_DIGITS = 20  # hexadecimal: 80 random bits


def derived_id(prefix: str, source: str) -> str:
    """Make an id of what names a thing that has no column for one; nothing is found by it."""
    return f"{prefix}_{hashlib.sha256(source.encode()).hexdigest()[:PUBLIC_ID_DIGITS]}"


class NewPublicId(Func):
    """The database's function that makes an id: whatever writes a row, the version before too, gives it one."""

    function = "new_public_id"

    def __init__(self, prefix: Any, **extra: Any) -> None:
        super().__init__(
            prefix if hasattr(prefix, "resolve_expression") else Value(prefix),
            output_field=models.CharField(),
            **extra,
        )


class ActingUser(Func):
    """The person for whom the transaction runs, as ``isolation`` has bound it; null in background work."""

    function = "acting_user"

    def __init__(self, **extra: Any) -> None:
        super().__init__(output_field=models.BigIntegerField(), **extra)


class PublicIdField(models.CharField[str, str]):
    """An id that may be shown to others, as ``w_`` and 20 hexadecimal digits; the database makes it."""

    def __init__(self, prefix: str, **options: Any) -> None:
        self.prefix = prefix
        fixed = {"max_length": 26, "unique": True, "editable": False, "db_default": NewPublicId(prefix)}
        super().__init__(**options | fixed)

    def deconstruct(self) -> tuple[str, str, list[Any], dict[str, Any]]:
        name, path, _args, options = super().deconstruct()
        for fixed in ("max_length", "unique", "editable", "db_default"):
            options.pop(fixed, None)
        return name, path, [self.prefix], options


class Versioned(models.Model):
    """A row that knows who made and changed it; triggers count ``version`` up and write down when and for whom.

    Which columns are a change stands in the migrations (``_versioned.versioned``). An update that sets ``version`` to
    anything counts it up, too: where what has changed is in another table. ``updated_at`` is empty before the first
    change, the people are null where nobody was signed in: then it was the system.
    """

    created_by = models.ForeignKey(
        "workspaces.User",
        null=True,
        editable=False,
        on_delete=models.DO_NOTHING,  # nobody is deleted
        related_name="+",
        db_constraint=False,
        db_index=False,
        db_default=ActingUser(),
    )
    updated_at = models.DateTimeField(null=True, editable=False)
    updated_by = models.ForeignKey(
        "workspaces.User",
        null=True,
        editable=False,
        on_delete=models.DO_NOTHING,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    version = models.PositiveIntegerField(default=1, db_default=1, editable=False)

    class Meta:
        abstract = True
