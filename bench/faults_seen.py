"""What came of the faults of ``bench.faults``: the rows of its table, and the goals."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from bench.table import at_most

BACK_SECONDS: Final = 5
HEAD: Final = (
    "| fault | pages failed, slowest | health | start-up | pages back | under way | syncs done | lost | doubled |\n"
    "|---|---|---|---|---|---|---|---|---|"
)


@dataclass(frozen=True)
class Seen:
    """A row: seconds are those after the fault's end, which is when programs that were started work.

    Syncs are under way again once each integration has had its sync, or has one that started since.
    """

    name: str
    is_noticed: bool
    pages: int
    failed: int
    badly: int
    slowest: float
    health: float
    start_up: float
    back: float
    under_way: float
    done: float
    lost: int
    doubled: int

    def __str__(self) -> str:
        badly = f" ({self.badly} not worded well)" if self.badly else ""
        pages = f"{self.failed} of {self.pages}{badly}, {self.slowest:.1f} s | {self.health:.1f} s"
        start_up = f"{self.start_up:.1f} s" if self.start_up else ""
        back = f"{self.back:.1f} s | {self.under_way:.1f} s | {self.done:.1f} s"
        return f"| {self.name} | {pages} | {start_up} | {back} | {self.lost} | {self.doubled} |"


def judge(seen: Sequence[Seen]) -> None:
    """Judge the goals for outages."""

    def most(figure: str) -> float:
        return max((getattr(each, figure) for each in seen), default=0.0)

    at_most("syncs lost", most("lost"), 0)
    at_most("syncs doubled", most("doubled"), 0)
    at_most("pages that failed without the page that says so", most("badly"), 0)
    at_most("the slowest page, in seconds", most("slowest"), 2)
    at_most("pages back, in seconds", most("back"), BACK_SECONDS)
    under_way = max((each.under_way for each in seen if each.is_noticed), default=0.0)
    at_most("syncs under way again, in seconds", under_way, BACK_SECONDS)
