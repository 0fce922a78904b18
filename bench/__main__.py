"""``./console bench [section …] [--accounts N …] [--runs N]``: print the tables."""

import argparse
import os

import django


def main() -> None:
    """Run the chosen sections, or all."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pipes.settings")
    os.environ |= {"PIPES_LOG_LEVEL": "ERROR", "PIPES_DEBUG": "false"}  # logs of requests and of queries cost time
    django.setup()
    from bench import changes, discovery, pages, reconciliation, schedule, visibility
    from bench.database import a_database

    sections = {
        "discovery": discovery.run,
        "reconciliation": reconciliation.run,
        "changes": changes.run,
        "visibility": visibility.run,
        "pages": pages.run,
        "schedule": schedule.run,
    }
    parser = argparse.ArgumentParser(prog="./console bench")
    parser.add_argument("sections", nargs="*", choices=[*sections, []], help=f"default: all ({', '.join(sections)})")
    parser.add_argument("--accounts", nargs="+", type=int, default=[100, 1_000, 10_000])
    parser.add_argument("--runs", type=int, default=3, help="counted runs of each way; the fastest is shown")
    chosen = parser.parse_args()
    with a_database():
        for name in chosen.sections or sections:
            for accounts in chosen.accounts:
                sections[name](accounts, chosen.runs)


if __name__ == "__main__":
    main()
