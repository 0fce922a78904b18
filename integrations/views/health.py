"""How the connections of an integration are, in one line of its page."""

from dataclasses import dataclass

from connections import browse
from connections.models import Health
from integrations.models import Integration

_WORDS = {Health.HEALTHY: "healthy", Health.FAILING: "failing", Health.UNTESTED: "not tested yet"}


@dataclass(frozen=True, slots=True)
class HealthWords:
    """The line, in parts: each health with its number in words; those of none are left out."""

    counts: tuple[tuple[Health, str], ...]
    disabled: str
    is_management_failing: bool

    def __bool__(self) -> bool:
        return bool(self.counts or self.disabled)


def health_words(integration: Integration) -> HealthWords:
    """Count and put into words."""
    counted = browse.count_health(integration.root_folder, management_id=integration.management_account_id)
    return HealthWords(
        tuple(
            (health, f"{counted.healths[health]:,} {word}")
            for health, word in _WORDS.items()
            if counted.healths[health]
        ),
        f"{counted.disabled:,} disabled" if counted.disabled else "",
        counted.management == Health.FAILING,
    )
