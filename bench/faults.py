"""``./console bench faults``: what people see on bad nights, what recovers by itself, how soon, and what is lost.

The product runs as shipped (web, worker, beat) on real servers of its own, with the stand-in for AWS. Into twenty syncs
in the middle each fault is put, while somebody asks for a page that needs PostgreSQL only, ten times a second.
"""

import argparse
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import psycopg

from bench.faults_seen import BACK_SECONDS, HEAD, Seen, judge
from bench.product import PAGE, Product, Visitor
from bench.table import at_most, show_goals
from launcher.child import wait_for
from launcher.keys import load_keys, product_environment, python
from launcher.places import ROOT, STATE, Instance
from launcher.servers import remove_data, start_servers
from launcher.supervisor import Supervisor

_SYNCS = 20
_PATIENCE_SECONDS = 150
_PAGES_ASKED = 100
_CLOCK = """
import os, time, time_machine
if "{program}" in open("/proc/self/cmdline").read():
    time_machine.travel(time.time() + {seconds}, tick=True).start()
"""


@dataclass(frozen=True)
class Fault:
    """What goes wrong, for how long; ``begin`` and ``end`` do it."""

    name: str
    begin: Callable[[Product], object]
    end: Callable[[Product], object] = lambda _: None
    seconds: float = 0.0
    is_noticed: bool = True  # else what hangs goes on to hang until its own time is up


def _kill_backend(product: Product) -> None:
    """End the sessions of the application, as an administrator or a failover does."""
    with psycopg.connect(product.environment["DATABASE_URL"].replace("pipes_app", "postgres", 1)) as administrator:
        administrator.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'pipes_app'")


def _fill(product: Product, size: int = 1) -> None:
    with product.broker() as broker:
        broker.config_set("maxmemory", size)


def _empty(product: Product) -> None:
    with product.broker() as broker:
        broker.flushall()


def _restart(product: Product, name: str) -> None:
    product.stop_server(name)
    product.start_server(name)


def _signal(product: Product, name: str, number: signal.Signals) -> None:
    product.server(name).process.send_signal(number)


def _step_clock(product: Product, seconds: int) -> None:
    """Start worker and beat anew with another time: each of their processes gets its clock from a library."""
    folder = Path(tempfile.mkdtemp(prefix="pipes-clock-"))
    (folder / "sitecustomize.py").write_text(_CLOCK.format(program="pipes", seconds=seconds))
    path = f"{folder}{os.pathsep}{ROOT}" if seconds else str(ROOT)
    for name in ("worker", "beat"):
        product.end(name)
        product.start(name, PYTHONPATH=path)


def _replace(product: Product, name: str, number: signal.Signals) -> None:
    product.end(name, number)
    product.start(name)


def faults(aws: Any) -> list[Fault]:
    """List them all."""

    def aws_slow(seconds: float) -> None:
        aws.faults.latency = seconds

    return [
        Fault("nothing (for comparison)", lambda _: None),
        Fault("PostgreSQL stopped", lambda p: p.stop_server("database"), lambda p: p.start_server("database"), 5),
        Fault("PostgreSQL stopped", lambda p: p.stop_server("database"), lambda p: p.start_server("database"), 60),
        Fault("PostgreSQL restarted", lambda p: _restart(p, "database")),
        Fault("all backends killed", _kill_backend),
        Fault("Redis stopped", lambda p: p.stop_server("broker"), lambda p: p.start_server("broker"), 10),
        Fault(
            "Redis hanging",
            lambda p: _signal(p, "broker", signal.SIGSTOP),
            lambda p: _signal(p, "broker", signal.SIGCONT),
            10,
        ),
        Fault("Redis full", _fill, lambda p: _fill(p, 0), 10),
        Fault("Redis emptied", _empty),
        Fault("AWS hanging", lambda _: aws_slow(60), lambda _: aws_slow(0.2), 15, is_noticed=False),
        Fault("worker killed (SIGKILL)", lambda p: _replace(p, "worker", signal.SIGKILL)),
        Fault("worker stopped (SIGTERM)", lambda p: _replace(p, "worker", signal.SIGTERM)),
        Fault("beat stopped", lambda p: p.end("beat"), lambda p: p.start("beat"), 15),
        Fault("beat twice", lambda p: p.start("beat-two"), lambda p: p.end("beat-two"), 10),
        Fault("clock 10 minutes ahead", lambda p: _step_clock(p, 600)),
        Fault("clock set back", lambda p: _step_clock(p, 0)),
    ]  # fmt: skip


def main() -> None:
    """Run the faults and print the table, and what was judged of the goals."""
    parser = argparse.ArgumentParser(prog="./console bench faults")
    parser.add_argument("--only", help="the faults whose names hold this")
    chosen = parser.parse_args()
    with _product() as (product, aws):
        from bench import faults_data

        cookie, keys = faults_data.prepare(aws, _SYNCS)
        for name in ("web", "worker", "beat"):
            product.start(name)
        product.await_programs()
        assert wait_for(lambda: product.ask(PAGE, cookie)[0] == 200, seconds=120)
        assert wait_for(lambda: faults_data.all_synced(keys, 0) == _SYNCS, seconds=300), "The first syncs do not end."
        print(HEAD, flush=True)
        seen = []
        for fault in faults(aws):
            if not chosen.only or chosen.only in fault.name:
                seen.append(_watch(fault, product, aws, cookie, keys))
                print(seen[-1], flush=True)
        judge(seen)
        if not chosen.only or chosen.only in "pages without Redis":
            _compare_without_redis(product, cookie)
        show_goals()


def _watch(fault: Fault, product: Product, aws: Any, cookie: str, keys: Any) -> Seen:
    from bench import faults_data

    aws.faults.latency = 0.2
    last = faults_data.last_run()
    visitor = Visitor(product, cookie)
    visitor.start()
    faults_data.make_due(keys)
    assert wait_for(lambda: faults_data.reading(keys) >= _SYNCS // 4, seconds=60), "No sync is in the middle."
    fault.begin(product)
    time.sleep(fault.seconds)
    fault.end(product)
    start_up = product.await_programs()
    over, before = time.monotonic(), faults_data.running(keys)
    wait_for(lambda: faults_data.are_under_way(keys, last, before), seconds=_PATIENCE_SECONDS)
    under_way = time.monotonic() - over
    wait_for(lambda: faults_data.is_quiet(keys, last), seconds=_PATIENCE_SECONDS)
    done = time.monotonic() - over
    visitor.stop()
    lost, doubled = faults_data.lost_and_doubled(keys, last)
    failed = [at + seconds for at, status, seconds in visitor.seen if status != 200]
    return Seen(
        f"{fault.name}, {fault.seconds:g} s" if fault.seconds else fault.name,
        is_noticed=fault.is_noticed,
        pages=len(visitor.seen),
        failed=len(failed),
        badly=sum(status not in (200, 503) for _, status, _ in visitor.seen),
        slowest=max((seconds for *_, seconds in visitor.seen), default=0.0),
        health=max(visitor.health, default=0.0),
        start_up=start_up,
        back=max([ended - over for ended in failed] + [0.0]),
        under_way=under_way,
        done=done,
        lost=lost,
        doubled=doubled,
    )


def _compare_without_redis(product: Product, cookie: str) -> None:
    """Ask for a page with Redis and without, in turn, while nothing else is done."""

    def mean() -> float:  # the one that looks whether Redis is back counts too
        return statistics.fmean(product.ask(PAGE, cookie)[1] for _ in range(_PAGES_ASKED))

    ways = {
        "stopped": (product.stop_server, product.start_server),
        "hanging": (partial(_signal, product, number=signal.SIGSTOP), partial(_signal, product, number=signal.SIGCONT)),
    }
    for how, (begin, end) in ways.items():
        rounds = []
        for _ in range(3):
            there = mean()
            begin("broker")
            rounds.append((there, mean()))
            end("broker")
            time.sleep(BACK_SECONDS)
        there, away = (statistics.median(times) for times in zip(*rounds, strict=True))
        print(f"\n  a page with Redis {there * 1000:.0f} ms, with Redis {how} {away * 1000:.0f} ms")
        at_most(f"a page with Redis {how}, of its time", away / there, 2)


@contextmanager
def _product() -> Iterator[tuple[Product, Any]]:
    """Start servers of our own, and have Django use them; the programs are started by the caller."""
    from launcher.demo import free_port

    instance = Instance(STATE / f"faults-{os.getpid()}")
    instance.prepare()
    supervisor = Supervisor(instance, is_quiet=True)
    product = None
    try:
        urls = start_servers(supervisor, instance, is_durable=True)
        base = product_environment(load_keys(instance), urls) | {
            "DJANGO_SETTINGS_MODULE": "tests.outages.settings",
            "PIPES_LOG_LEVEL": "INFO",  # by which the programs say that they work
            "PIPES_SYNCS_PER_TENANT": str(_SYNCS),
            "PIPES_SIGNS_OF_LIFE": str(instance.run / "signs"),
        }
        owner = base | {"DATABASE_OWNER_URL": urls["DATABASE_OWNER_URL"]}
        subprocess.run(python("manage.py", "migrate", "--no-input", "-v", "0"), env=owner, cwd=ROOT, check=True)
        os.environ.update(owner)
        import django

        django.setup()
        from tests.browser.processes import celery_environment
        from tests.fakes.aws import running_aws
        from tests.fakes.aws.sample import build

        with running_aws(build(accounts=60, units=12)) as aws:
            environment = dict(celery_environment(aws)) | {"DATABASE_URL": urls["DATABASE_URL"]}
            environment.pop("DATABASE_OWNER_URL", None)
            product = Product(supervisor, instance, environment, free_port())
            yield product, aws
    finally:
        for process in product.programs.values() if product else ():
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        for name in ("database", "broker") if product else ():
            product.server(name).stop()
        supervisor.stop()
        remove_data(instance)


if __name__ == "__main__":
    sys.exit(main())
