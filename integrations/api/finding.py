"""Finding the integration that a path names, and changing it as its pages do: with the same refusals."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.exceptions import PermissionDenied
from django.http import Http404

from connections.errors import ChangedMeanwhileError
from integrations import edit_conflicts
from integrations.models import Integration
from integrations.planning.deletion_limit import HeldToItError
from workspaces.access import why_only_kept
from workspaces.api.problems import ProblemError
from workspaces.api.routes import Call, named, of_version
from workspaces.database import at_most_one


def find_integration(call: Call, text: str) -> Integration:
    """Find an integration of the scope itself by its handle or id; raises Http404."""
    found = Integration.objects.in_scope(call.scope).select_related("root_folder", "schedule")
    integration = at_most_one(found.filter(named(text)))
    if integration is None:
        raise Http404
    integration.tenant, integration.organization = call.tenant, call.scope.organization
    return integration


def hold_integration(call: Call, text: str) -> Integration:
    """Find an integration that is to be changed, and lock it; refuses where the program has seen another version."""
    with understood(call):
        current = edit_conflicts.hold(find_integration(call, text))
    of_version(call, current)
    return current


@contextmanager
def understood(call: Call) -> Iterator[None]:
    """Say of what an action refuses what it means to a program."""
    try:
        yield
    except ChangedMeanwhileError as error:
        raise ProblemError(409, str(error)) from None
    except HeldToItError as error:
        raise ProblemError(403, str(error)) from None
    except PermissionDenied:
        raise ProblemError(402, why_only_kept(call.scope)) from None
