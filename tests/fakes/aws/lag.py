"""Reads that answer from an older moment: AWS Organizations shows a change late, and may take it back for a while."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from tests.fakes.aws.organization import Account, AwsOrganization, Change, Unit, remove_sorted

Node = Account | Unit
LISTS = ("ListAccounts", "ListAccountsForParent", "ListOrganizationalUnitsForParent", "ListChildren")


@dataclass(frozen=True, slots=True)
class Lag:
    """What is shown late: see ``Faults.lag``."""

    on: str
    reads: int | None
    seconds: float | None
    lists: bool


@dataclass(slots=True)
class Moment:
    """How one node is shown, given how it is: for so many reads, until then, or (both None) until further notice."""

    show: Callable[[Node | None], Node | None]
    reads: int | None = None
    until: float | None = None
    lists: bool = False


@dataclass
class Past:
    """The older moments of all nodes that are shown late, oldest first; each node goes through its own one by one."""

    lags: list[Lag] = field(default_factory=list)
    moments: dict[str, list[Moment]] = field(default_factory=dict)

    def heard(self, change: Change, now: float) -> None:
        """Keep what was before a change that is to be shown late."""
        for lag in self.lags:
            if lag.on in ("", change.node.id, change.organization.id):
                until = None if lag.seconds is None else now + lag.seconds
                moment = Moment(lambda _: change.before, lag.reads, until, lag.lists)
                self.moments.setdefault(change.node.id, []).append(moment)
                return

    def plan_states(self, account_id: str, states: tuple[str, ...]) -> None:
        """Show an account in these states, one read each."""

        def show(state: str) -> Callable[[Node | None], Node | None]:
            return lambda node: replace(node, state=state) if isinstance(node, Account) else node

        self.moments.setdefault(account_id, []).extend(Moment(show(state), reads=1) for state in states)

    def seen(
        self, organization: AwsOrganization, operation: str, parameters: Mapping[str, Any], now: float
    ) -> AwsOrganization:
        """Return the AWS organization as this call sees it, and count a read of what it asks for."""
        if not self.moments:
            return organization
        with organization.lock:
            asked = [parameters.get(name) for name in ("AccountId", "OrganizationalUnitId", "ChildId")]
            is_list = operation in LISTS
            shown: dict[str, Node | None] = {}
            for node_id in [each for each in self.moments if is_list or each in asked]:
                moment = self._moment(node_id, now, is_list=is_list)
                if moment is not None:
                    node = organization.accounts.get(node_id) or organization.units.get(node_id)
                    shown[node_id] = moment.show(node)
            return _with(organization, shown, is_list=is_list) if shown else organization

    def _moment(self, node_id: str, now: float, *, is_list: bool) -> Moment | None:
        left = [each for each in self.moments[node_id] if each.until is None or each.until > now]
        moment = next((each for each in left if each.lists or not is_list), None)
        if moment is not None and moment.reads is not None and not is_list:
            moment.reads -= 1
            left = [each for each in left if each.reads != 0]
        self.moments[node_id] = left
        return moment


def _with(organization: AwsOrganization, shown: Mapping[str, Node | None], *, is_list: bool) -> AwsOrganization:
    """Return a copy in which some nodes are as they are shown; None is a node that is not there yet."""
    accounts, units, hidden = dict(organization.accounts), dict(organization.units), []
    for node_id, node in sorted(shown.items(), key=lambda item: isinstance(item[1], Account)):  # OUs first: parents
        if isinstance(node, Unit) and (node.parent_id == organization.root_id or node.parent_id in units):
            units[node_id] = node
        elif isinstance(node, Account) and (node.parent_id == organization.root_id or node.parent_id in units):
            accounts[node_id] = node
        elif node is None and is_list and node_id in units:
            hidden.append(node_id)  # no list has it, but the paths of what is in it do
        elif node is None:
            accounts.pop(node_id, None)
            units.pop(node_id, None)
    view = replace(organization, accounts=accounts, units=units)
    for unit_id in hidden:
        remove_sorted(view.units_in(units[unit_id].parent_id), unit_id)
    return view
