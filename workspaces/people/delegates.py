"""Delegates: which members may do what to single things, and giving and taking that.

Only owners of the scope in which a thing is delegate anything of it: they have all that they give. Each action is one
transaction and writes one audit event.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth.models import Permission
from django.db import transaction
from django.db.models import Model

from workspaces import audit
from workspaces.access import Access, Power, Scope
from workspaces.delegation.rows import table_of
from workspaces.delegation.verbs import VERBS_OF, Verb
from workspaces.models import Membership, User
from workspaces.places.candidates import candidates


class NoMemberError(Exception):
    """The person has no role in the thing's scope, so nothing of it can be delegated to them; the text says so."""


@dataclass(frozen=True, slots=True)
class Delegate:
    """Somebody who may do something to a thing; ``origin`` is the thing above it from which that comes, if any."""

    user: User
    verb: Verb
    since: datetime
    by: User | None
    origin: Any = None


def delegates_of(thing: Model, above: Sequence[Model] = ()) -> list[Delegate]:
    """Give who may do what to a thing, by person; ``above`` are the folders that it is in."""
    found = [_read(row) for row in _rows([thing])]
    origins = {one.pk: one for one in above}
    found += [_read(row, origins[row.content_object_id]) for row in _rows(above)]
    return sorted(found, key=lambda one: (one.user.handle, one.origin is not None))


def _rows(things: Sequence[Model]) -> Any:
    """Read the rows on things of one kind, with their people."""
    if not things:
        return ()
    found = table_of(things[0])._default_manager.filter(content_object__in=[thing.pk for thing in things])
    return found.select_related("user", "created_by", "permission").order_by("pk")


def _read(row: Any, origin: Model | None = None) -> Delegate:
    return Delegate(row.user, Verb(row.permission.codename), row.created_at, row.created_by, origin)


@transaction.atomic
def delegate(*, access: Access, thing: Model, user: User, verbs: Iterable[Verb]) -> list[Verb]:
    """Let a member do more to a thing of the access's scope, and give what is new to them.

    Raises PermissionDenied for whoever is no owner there, NoMemberError, and ValueError for a verb of other things.
    """
    access.check(Power.OWNER)
    table, wanted = table_of(thing), list(dict.fromkeys(verbs))
    if not set(wanted) <= set(VERBS_OF[table.kind()]):
        raise ValueError(f"{wanted} is not for {table.kind()}")
    membership = _membership(user, access.scope)
    permissions = Permission.objects.filter(content_type__model=table.kind(), codename__in=wanted)
    new = []
    for permission in sorted(
        permissions.select_related("content_type"), key=lambda one: wanted.index(Verb(one.codename))
    ):
        _, is_new = table._default_manager.get_or_create(
            permission=permission,
            user=user,
            content_object=thing,
            defaults={"tenant": access.scope.tenant, "membership": membership, "created_by": access.user},
        )
        new += [Verb(permission.codename)] if is_new else []
    if new:
        audit.record(
            "delegate.added", scope=access.scope, by=access.user, target=thing, of=user.known_as, what=_words(new)
        )
    return new


def _membership(user: User, scope: Scope) -> Membership:
    """Find and lock the membership with which a delegation goes: the one of the scope before the one around it."""
    found = candidates(scope).filter(user=user).select_for_update(of=("self",), no_key=True)
    membership = max(found, key=lambda one: one.workspace_id or 0, default=None)
    if membership is None:
        raise NoMemberError(
            f"{user} is no member of {scope}, or owns it. Add them to its People first; owners may do everything."
        )
    return membership


@transaction.atomic
def end(*, access: Access, thing: Model, user: User, verbs: Iterable[Verb]) -> list[Verb]:
    """Take from somebody what they may do to a thing, and give what that was; at once, in what is open too.

    Raises PermissionDenied for whoever is no owner of the access's scope.
    """
    access.check(Power.OWNER)
    rows = _rows([thing]).filter(user=user, permission__codename__in=list(verbs))
    ended = [Verb(row.permission.codename) for row in rows]
    table_of(thing)._default_manager.filter(pk__in=[row.pk for row in rows]).delete()
    if ended:
        audit.record(
            "delegate.removed", scope=access.scope, by=access.user, target=thing, of=user.known_as, what=_words(ended)
        )
    return ended


def _words(verbs: Iterable[Verb]) -> str:
    return ", ".join(verb.replace("_", " ") for verb in verbs)
