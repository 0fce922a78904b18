"""The options of connections, in one table: what each is called, what it may be, and what everything begins with.

The defaults of models, the fields of forms and the words of pages are made of it; a further option is one entry here.
Which options apply to a connection, and where they are from, says ``integrations.access.connection_options``.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Any, Final


class Kind(Enum):
    """What an option is, and so which field it has in forms."""

    REGIONS = "regions"  # a list of regions' codes and patterns; ["*"] for all
    REGION = "region"  # the code of one; empty for none
    NUMBER = "number"  # from 1 to ``most``
    ERROR_CODES = "error codes"  # a list of AWS's error codes and patterns


@dataclass(frozen=True, slots=True)
class Option:
    """One option; the defaults are Steampipe's own. A number is counted in ``unit``."""

    name: str
    label: str
    kind: Kind
    default: Any
    help_text: str = ""
    unit: str = ""
    most: int = 0

    def words(self, value: Any) -> str:
        if self.kind == Kind.REGIONS and value == ["*"]:
            return "All regions"
        shown = ", ".join(value) if isinstance(value, list) else str(value)
        return shown or "None"


OPTIONS: Final = {
    one.name: one
    for one in (
        Option("regions", "Regions", Kind.REGIONS, ["*"]),
        Option("default_region", "Default Region", Kind.REGION, "", "Asked first, and for what belongs to no region."),
        Option("max_error_retry_attempts", "Max Retry Attempts", Kind.NUMBER, 9, unit="attempts", most=1000),
        Option(
            "min_error_retry_delay",
            "Min Error Retry Delay",
            Kind.NUMBER,
            25,
            unit="milliseconds",
            most=600_000,
        ),
        Option(
            "ignore_error_codes",
            "Ignore Error Codes",
            Kind.ERROR_CODES,
            [],
            "Separated by commas, with * for any characters, such as AccessDenied, UnauthorizedOperation.",
        ),
    )
}
