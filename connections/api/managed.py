"""What nodes say that is known above here: which integration manages them, and how those made by hand sign in."""

from collections.abc import Callable, Collection, Mapping
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


@dataclass(frozen=True, slots=True)
class Sources:
    """Whom to ask, in one statement each: by the ids of top folders of mirrors, and by those of connections.

    ``manager_id`` is the id of the integration as an expression, of a row with a ``root``.
    """

    managers: Callable[[Collection[int], Tenant], Mapping[int, ManagerShape]] = lambda _roots, _tenant: {}
    sign_ins: Callable[[Collection[int]], Mapping[int, SignIn]] = lambda _ids: {}
    manager_id: Combinable = field(default_factory=lambda: Value(None, output_field=CharField()))


_told: Final[list[Sources]] = [Sources()]


def register(sources: Sources) -> None:
    _told[0] = sources


def sources() -> Sources:
    return _told[0]
