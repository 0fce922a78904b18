"""What has been delegated to somebody, read in one statement whatever it is about."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from django.db import models
from django.db.models import BigIntegerField, CharField, F, Value
from django.db.models.functions import Cast

from workspaces.database import WrittenOnce
from workspaces.delegation.rows import Delegation, tables
from workspaces.delegation.verbs import Verb, which_give


class Held(NamedTuple):
    """One verb on one thing: its kind, key, handle and id, where it lies and, of a folder, the path of its subtree.

    Of what lies at the tenant's level ``organization_id`` and ``workspace_id`` are None.
    """

    verb: Verb
    kind: str
    key: int
    handle: str
    public_id: str
    organization_id: int | None
    workspace_id: int | None
    path: str

    def is_called(self, text: str) -> bool:
        """Whether this is about the thing of this handle or id."""
        return text in (self.handle, self.public_id)

    def is_on(self, thing: models.Model) -> bool:
        """Whether this is about the thing, or about a folder that it is in."""
        if self.kind == thing._meta.model_name and self.key == thing.pk:
            return True
        if self.kind != "folder":
            return False
        above = getattr(thing, "path_above", "")  # of a folder and of a connection alike
        return bool(above) and above.startswith(self.path)


class Holdings(tuple[Held, ...]):
    """All that somebody holds in a tenant."""

    def that_give(self, *verbs: Verb) -> "Holdings":
        """Give those that let do one of these."""
        wanted = which_give(verbs)
        return Holdings(one for one in self if one.verb in wanted)

    def within(self, organization_id: int | None, workspace_id: int | None) -> "Holdings":
        """Give those of what lies at exactly this level: the tenant's, an organization's or a workspace's."""
        return Holdings(
            one for one in self if (one.organization_id, one.workspace_id) == (organization_id, workspace_id)
        )

    def on(self, thing: models.Model) -> "Holdings":
        return Holdings(one for one in self if one.is_on(thing))

    @property
    def keys(self) -> list[int]:
        """The keys of the things."""
        return sorted({one.key for one in self})

    @property
    def paths(self) -> list[str]:
        """The paths of the folders among them."""
        return sorted({one.path for one in self if one.path})


def read(user_id: int, tenant_id: int) -> Holdings:
    """Read what a person holds in a tenant, to which the transaction is bound; of things that are gone, nothing."""
    return Holdings(Held(Verb(verb), *rest) for verb, *rest in _STATEMENT.ask(user_id, tenant_id))


def _written(user_id: int, tenant_id: int) -> Any:
    parts = [_part(table, user_id, tenant_id) for table in tables()]
    return parts[0].union(*parts[1:], all=True)


_STATEMENT = WrittenOnce(_written, -1, -2)  # no key is negative


def _part(table: type[Delegation], user_id: int, tenant_id: int) -> Any:
    columns: Iterable[Any] = (
        F("permission__codename"),
        Value(table.kind(), output_field=CharField()),
        F("content_object_id"),
        F("content_object__handle"),
        F("content_object__public_id"),
        F(table.ORGANIZATION) if table.ORGANIZATION else _NO_KEY,
        F(table.WORKSPACE) if table.WORKSPACE else _NO_KEY,
        F(table.PATH) if table.PATH else Value("", output_field=CharField()),
    )
    named = dict(
        zip(("verb", "thing", "key", "called", "shown_id", "at_org", "at_workspace", "subtree"), columns, strict=True)
    )
    rows = table.objects.filter(user=user_id, tenant=tenant_id, **table.THERE)
    return rows.annotate(**named).values_list(*named)


_NO_KEY = Cast(Value(None), BigIntegerField())
