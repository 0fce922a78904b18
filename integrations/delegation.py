"""What delegates of single integrations may open: the rules of pages and of routes, and what they find there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet

from integrations.models import Integration, SyncRun
from integrations.planning.workspace_impact import WorkspaceImpact
from workspaces.access import Access, Rule, holds
from workspaces.delegation.verbs import Verb
from workspaces.places import lookup


def of_named(*verbs: Verb) -> Rule:
    """Make the rule for what is about one integration, which the URL names by its handle or id."""

    def rule(access: Access, arguments: Mapping[str, Any]) -> bool:
        return any(one.is_called(arguments["integration"]) for one in access.held_here.that_give(*verbs))

    return rule


def of_process(*verbs: Verb) -> Rule:
    """Make the rule for what is about one sync, which the URL names by its id."""

    def rule(access: Access, arguments: Mapping[str, Any]) -> bool:
        held = access.held_here.that_give(*verbs)
        runs = SyncRun.objects.filter(tenant=access.scope.tenant, integration__in=held.keys)
        return bool(held) and runs.filter(public_id=arguments["process"]).exists()

    return rule


# Who may answer what a sync asks may see it as well as those who may start one.
PROCESSES: Final = (Verb.SYNC_INTEGRATION, Verb.APPROVE_REMOVALS)
VIEWERS: Final = of_named(Verb.VIEW_INTEGRATION)
SYNCERS: Final = of_named(Verb.SYNC_INTEGRATION)
SEE_PROCESSES: Final = of_named(*PROCESSES)
CONFIGURERS: Final = of_named(Verb.CONFIGURE_INTEGRATION)
HOLDERS: Final = holds(Verb.VIEW_INTEGRATION)  # of anything among the integrations of the scope


def among(access: Access, found: "QuerySet[Integration]", *verbs: Verb) -> "QuerySet[Integration]":
    """Leave of integrations those to which this person may do one of these; of others' than the scope's, none."""
    wanted = verbs or (Verb.VIEW_INTEGRATION,)
    return found if access.can_own else found.filter(pk__in=access.held_here.that_give(*wanted).keys)


@dataclass(frozen=True, slots=True)
class May:
    """What somebody who sees an integration may do to it: its pages offer nothing else."""

    own: bool
    sync: bool
    approve: bool
    configure: bool

    @property
    def see_processes(self) -> bool:
        return self.sync or self.approve


def may(access: Access, integration: Integration) -> May:
    verbs = (Verb.SYNC_INTEGRATION, Verb.APPROVE_REMOVALS, Verb.CONFIGURE_INTEGRATION)
    return May(access.can_own, *(access.can(verb, integration) for verb in verbs))


def why_held(access: Access, integration: Integration) -> str:
    """Say why this person is held to the deletion limit, whatever else they may do; empty for who is not."""
    try:
        access.check_verb(Verb.APPROVE_REMOVALS, integration)
    except PermissionDenied as error:
        return str(error)
    return ""


def split_impacts(
    access: Access, impacts: Sequence[WorkspaceImpact]
) -> tuple[Sequence[WorkspaceImpact], Sequence[WorkspaceImpact]]:
    """Give what something means to workspaces that this person may enter, and to those of which they learn nothing."""
    if access.can_own or not impacts:
        return impacts, ()
    mine = lookup.workspaces_anywhere_for(access).values_list("organization__handle", "handle")
    names = {"/".join(handles) for handles in mine}
    return [one for one in impacts if one.name in names], [one for one in impacts if one.name not in names]


def trigger(access: Access, integration: Integration) -> SyncRun.Trigger:
    """Say as what a sync starts that this person asks for.

    Who may not approve removals is held to their limit, and so gets one that is like those of the schedule.
    """
    return SyncRun.Trigger.SCHEDULED if why_held(access, integration) else SyncRun.Trigger.MANUAL
