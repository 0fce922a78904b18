"""The options of connections as programs send them: of all that an integration makes, or of one connection."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from pydantic import BaseModel, ConfigDict, create_model

from integrations.connection_options import OPTIONS, Kind

_TYPES: Final = {Kind.REGIONS: list[str], Kind.REGION: str, Kind.NUMBER: int, Kind.ERROR_CODES: list[str]}
_FIELDS: Final[Mapping[str, Any]] = {name: (_TYPES[one.kind] | None, None) for name, one in OPTIONS.items()}

# The fields of OptionsForm, by what programs call them.
LOCATIONS: Final = {name: f"config.{name}" for name in OPTIONS} | {
    "all_regions": "config.regions",
    "region_patterns": "config.regions",
}

if TYPE_CHECKING:
    _Fields = BaseModel  # nobody asks for one of the fields by its name
else:
    _Fields = create_model("_Fields", **_FIELDS)


class SentOptions(_Fields):
    """What was sent of the options, a field for each; an unknown key is refused."""

    model_config = ConfigDict(extra="forbid", strict=True)

    @property
    def options(self) -> dict[str, Any]:
        """Give the options that were sent."""
        return {name: getattr(self, name) for name in OPTIONS if getattr(self, name) is not None}


def typed(options: Mapping[str, Any]) -> dict[str, Any]:
    """Write all options as a person types them into OptionsForm."""
    regions = options["regions"]
    return {
        name: ", ".join(value) if isinstance(value, list) else value
        for name, value in options.items()
        if name != "regions"
    } | {"all_regions": "all" if regions == ["*"] else "some", "region_patterns": ", ".join(regions)}
