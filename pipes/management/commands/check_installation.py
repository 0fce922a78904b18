"""``manage.py check_installation``: how this installation stands, one line each, for a monitor or a health check."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from pipes.monitoring import installation

_NAMES = ("database", "broker", "schema", "beat", "dispatcher", "due")


class Command(BaseCommand):
    help = "Say how this installation stands; exits with 1 when something needs attention."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("names", nargs="*", choices=[*_NAMES, []], help=f"default: all ({', '.join(_NAMES)})")

    def handle(self, *args: Any, **options: Any) -> None:
        wanted = options["names"] or _NAMES
        found = [finding for finding in installation.findings() if finding.name in wanted]
        for finding in found:
            self.stdout.write(f"{'ok  ' if finding.is_good else 'BAD '} {finding.name}: {finding.sentence}")
        bad = [finding.name for finding in found if not finding.is_good]
        if bad:
            raise CommandError(f"Needs attention: {', '.join(bad)}.")
