"""How the connections of an integration are, in one line of its page, and testing those that fail."""

from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from connections import tree_listing
from connections.models import Health
from integrations.delegation import SYNCERS
from integrations.health import request as health_request
from integrations.models import Integration
from integrations.views.frame import find_integration
from workspaces.access import Access, Power
from workspaces.scoping import scope_view

_WORDS = {Health.HEALTHY: "healthy", Health.FAILING: "failing", Health.UNTESTED: "not tested yet"}


@dataclass(frozen=True, slots=True)
class HealthWords:
    """The line, in parts: each health with its number in words; those of none are left out."""

    counts: tuple[tuple[Health, str], ...]
    disabled: str
    is_management_failing: bool
    test_url: str
    mark: str

    def __bool__(self) -> bool:
        return bool(self.counts or self.disabled)


def health_words(access: Access, integration: Integration) -> HealthWords:
    counted = tree_listing.count_health(integration.root_folder, management_id=integration.management_account_id)
    return HealthWords(
        tuple(
            (health, f"{counted.healths[health]:,} {word}")
            for health, word in _WORDS.items()
            if counted.healths[health]
        ),
        f"{counted.disabled:,} disabled" if counted.disabled else "",
        counted.management == Health.FAILING,
        access.scope.url("failing_test", integration=integration.handle),
        counted.mark,
    )


@scope_view(Power.OWNER, delegates=SYNCERS)
@require_POST
def failing_test(request: HttpRequest, access: Access, integration: str) -> HttpResponse:
    found = find_integration(access, integration)
    number = health_request.request_tests(integration=found, by=access.user)
    if number:
        are = "connection is" if number == 1 else "connections are"
        messages.success(
            request, f"{number:,} failing {are} tested now. Reload the page in a moment to see the result."
        )
    else:
        messages.info(request, "No connection is failing.")
    return redirect(access.scope.url("integration_detail", integration=found.handle) + "?health=failing")
