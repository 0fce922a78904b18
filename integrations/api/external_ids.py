"""External ids that programs send: taken where nobody gains by it who could not see what it opens already."""

import re
from typing import Final

from django.db.models import Q

from integrations.models import AccountAccess, Draft, Integration
from workspaces.access import Scope
from workspaces.api.problems import invalid

_LEAST_RANDOM: Final = 13  # characters of a-z and 0-9, which are 67 bits
_OF_DRAFT: Final = ("discovery_external_id", "connection_external_id")
_OF_INTEGRATION: Final = tuple(f"{next_}{name}" for name in _OF_DRAFT for next_ in ("", "next_"))
_OF_ACCOUNT: Final = ("discovery_external_id", "next_discovery_external_id")


def check(scope: Scope, field: str, text: str) -> None:
    """Refuse an external id for something of this scope. Raises ProblemError.

    It begins with the id of the scope, so that no customer can name another's; it cannot be guessed; and nothing else
    has it: in each account of a mirror is a role that wants the same one, and who administers one of them can read it.
    So none is taken for a workspace, whose owners need not own its organization.
    """
    if scope.workspace is not None:
        raise invalid(field, "The external id of a connection of a workspace is made here. Leave it out.")
    own = (scope.organization or scope.tenant).public_id
    before, _, random = text.partition(":")
    if before != own:
        raise invalid(field, f"An external id here begins with {own}: and nothing else.")
    if not re.fullmatch(rf"[a-z0-9]{{{_LEAST_RANDOM},37}}", random):
        wanted = f"{_LEAST_RANDOM} to 37 characters of a-z and 0-9 that nobody can guess"
        raise invalid(field, f"After the colon it needs {wanted}.")
    if _is_taken(scope, text):
        raise invalid(field, "Something else here has this external id. Make another one.")


def _is_taken(scope: Scope, text: str) -> bool:
    columns = ((Integration, _OF_INTEGRATION), (Draft, _OF_DRAFT), (AccountAccess, _OF_ACCOUNT))
    is_it = {model: Q(*((name, text) for name in names), _connector=Q.OR) for model, names in columns}
    return any(model._default_manager.filter(one, tenant=scope.tenant).exists() for model, one in is_it.items())
