"""``manage.py unseal_second_factors``: the step before going back to a version that knows no sealed ones."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from workspaces.sign_in import second_factors


class Command(BaseCommand):
    """Keep all second factors in clear, until this version runs again and its hourly clean-up seals them."""

    help = "Keep second factors in clear, for a version that cannot read sealed ones. Stop web, worker and beat first."

    def handle(self, *args: Any, **options: Any) -> None:
        unsealed, unreadable = second_factors.change_all(second_factors.unseal)
        self.stdout.write(f"Unsealed {unsealed} second factors.")
        if unreadable:
            raise CommandError(
                f"These could not be read and stay as they were: {', '.join(unreadable)}. Reset the second factors of"
                " these people."
            )
