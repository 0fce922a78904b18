"""What nodes say that is known above here: which integration manages them, and how those made by hand sign in."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from django.db.models import CharField, Value
from django.db.models.expressions import Combinable

from connections.api.shapes import ManagerShape
from workspaces.models import Tenant


@dataclass(frozen=True, slots=True)
class SignIn:
    """How a connection made by hand signs in to its account, as fields of its ``config``; never with a secret."""

    config: Mapping[str, Any]
    external_id: str


def _nothing() -> Combinable:
    return Value(None, output_field=CharField())


@dataclass(frozen=True, slots=True)
class Sources:
    """Whom to ask.

    ``of_manager`` are the columns, as seen from the top folder of a mirror, of which ``read_manager`` makes the shape
    of its integration; none where nothing manages it. ``manager_id`` is the id of the integration as an expression,
    of a row with a ``root``; ``sign_in`` is one of what ``read_sign_in`` reads, of a connection.
    """

    of_manager: Sequence[str] = ()
    read_manager: Callable[[Sequence[Any], Tenant], ManagerShape | None] = lambda _values, _tenant: None
    manager_id: Combinable = field(default_factory=_nothing)
    sign_in: Combinable = field(default_factory=_nothing)
    read_sign_in: Callable[[Any], SignIn] = lambda _facts: SignIn({}, "")


_told: Final[list[Sources]] = [Sources()]


def register(sources: Sources) -> None:
    _told[0] = sources


def sources() -> Sources:
    return _told[0]
