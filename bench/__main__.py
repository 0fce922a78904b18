"""``./console bench [section …] [--accounts N …] [--runs N]``: print the tables."""

import argparse
import os
import time

import django

_ALL_SIZES = (100, 1_000, 10_000)


def main() -> None:
    """Run the chosen sections, or all, and end with what was judged of the goals."""
    # Logs of requests and of queries cost time.
    os.environ |= {"DJANGO_SETTINGS_MODULE": "bench.settings", "PIPES_LOG_LEVEL": "ERROR", "PIPES_DEBUG": "false"}
    django.setup()
    from bench import api, changes, discovery, events, pages, reconciliation, runs, schedule, visibility
    from bench.database import a_database
    from bench.table import show_goals

    sections = {
        "discovery": (discovery.run, _ALL_SIZES),
        "first-sync": (discovery.first_sync, (10_000,)),
        "events": (events.run, _ALL_SIZES),
        "reconciliation": (reconciliation.run, _ALL_SIZES),
        "changes": (changes.run, _ALL_SIZES),
        "visibility": (visibility.run, (10_000, 100_000)),
        "pages": (pages.run, (1_000, 10_000, 100_000)),
        "api": (api.run, (1_000, 10_000)),
        "runs": (runs.run, (2_000_000,)),
        "schedule": (schedule.run, (100,)),
    }
    parser = argparse.ArgumentParser(prog="./console bench")
    parser.add_argument("sections", nargs="*", choices=[*sections, []], help=f"default: all ({', '.join(sections)})")
    parser.add_argument(
        "--accounts", nargs="+", type=int, help="sizes (of runs: records); each section has its own by default"
    )
    parser.add_argument("--runs", type=int, default=3, help="counted runs of each way; the fastest is shown")
    chosen = parser.parse_args()
    with a_database():
        for name in chosen.sections or sections:
            run, sizes = sections[name]
            started = time.monotonic()
            for accounts in chosen.accounts or sizes:
                run(accounts, chosen.runs)
            print(f"\n{name}: {time.monotonic() - started:.0f} s", flush=True)
        show_goals()


if __name__ == "__main__":
    main()
