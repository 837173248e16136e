"""Compares this service with etcd and webdis + Redis; README.md beside it says how and why."""

import argparse
import contextlib
import json
import os
import platform
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import bulk
import load
import report
from load import Plan, say
from servers import METRIC_ACKNOWLEDGED, METRIC_SYNCS, SERVERS, BenchmarkError, KvStore, Redis
from targets import Targets

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
FULL = Plan(rounds=3, window=10, warm_window=5, warm_least=6, warm_most=40)
QUICK = Plan(rounds=3, window=2, warm_window=1, warm_least=3, warm_most=6)
FULL_KEYS = {"peers": 100_000, "small": 10_000, "large": 1_000_000, "lines": 500_000}
QUICK_KEYS = {"peers": 10_000, "small": 1_000, "large": 50_000, "lines": 50_000}


PARTS = ["get", "put", "bulk", "memory", "scale"]


class Bench:
    """One run: where it works, what it measures, and what has to be stopped at its end."""

    def __init__(self, options, directory, at_exit, results):
        self.directory = directory
        self.at_exit = at_exit
        self.names = options.servers
        self.keys = QUICK_KEYS if options.quick else FULL_KEYS
        plan = QUICK if options.quick else FULL
        self.plan = Plan(**{**vars(plan), "rounds": options.rounds or plan.rounds})
        self.report = results

    def server(self, kind, folder):
        server = kind(self.directory / folder)
        self.at_exit.callback(server.stop)
        say(f"starting {server.label}")
        server.start()
        return server

    def against_peers(self, operations):
        """GET and durable PUT of all servers, each warm, in interleaved rounds."""
        servers = [self.server(SERVERS[name], name) for name in self.names]
        for server in servers:
            load.fill(server, 0, self.keys["peers"])
        for operation in operations:
            loads = [(s, load.sample(s, operation, self.keys["peers"])) for s in servers]
            syncs = self._rounds(operation, loads)
            self.report.peers(operation, self.keys["peers"], [s.name for s in servers])
            if operation == "put":
                for server in servers:
                    load.verify_overwritten(server, self.keys["peers"])
                self.report.syncs(syncs)
        for server in servers:
            server.stop()

    def _rounds(self, title, loads):
        """Measures; returns [syncs, acknowledged writes] of this service in those windows."""
        servers = [server for server, _ in loads]
        for server, requests in loads:
            say(f"{title}: warming up {server.label}")
            self.report.warm(title, server.name, load.warm_up(server, requests, self.plan))
        written = [0, 0]
        for number in range(self.plan.rounds):
            for server, requests in loads:
                load.settle(servers)
                before = self._writes(title, server)
                seen = load.window(server, requests, self.plan.window, 100 + number)
                after = self._writes(title, server)
                written = [w + a - b for w, a, b in zip(written, after, before)]
                say(f"{title}: round {number + 1}: {server.name} {seen.rate:,.0f}/s")
                self.report.window(title, server.name, seen)
        return written

    def _writes(self, title, server):
        if title != "put" or not isinstance(server, KvStore):
            return [0, 0]
        return [server.metric(METRIC_SYNCS), server.metric(METRIC_ACKNOWLEDGED)]

    def bulk(self):
        """Batches of this service beside pipelines of Redis."""
        service, redis = self.server(KvStore, "bulk"), self.server(Redis, "bulk-redis")
        lines, keys = self.keys["lines"], self.keys["peers"]
        bulk.measure(service, redis, self.report, lines, keys, self.plan.rounds)
        service.stop()
        redis.stop()

    def size(self, parts):
        """Memory, start and GET latency of this service with very many keys."""
        large = self.server(KvStore, "large")
        load.fill(large, 0, self.keys["large"])
        if "memory" in parts:
            self.report.memory("after loading", large.memory())
            self._restart(large)
        if "scale" in parts:
            self._latency(large)
        large.stop()

    def _restart(self, large):
        load.settle([large])
        say("stopping and starting with all keys")
        large.stop()
        self.report.start(self.keys["large"], large.start())
        load.verify_fill(large, self.keys["large"])
        self.report.memory("after the restart", large.memory())

    def _latency(self, large):
        small = self.server(KvStore, "small")
        load.fill(small, 0, self.keys["small"])
        small.name, large.name = (f"{self.keys[size]:,} keys" for size in ("small", "large"))
        sizes = (small, self.keys["small"]), (large, self.keys["large"])
        loads = [(server, load.sample(server, "get", keys)) for server, keys in sizes]
        self._rounds("scale", loads)
        self.report.scale(small.name, large.name)
        self.report.memory("after reading", large.memory())
        small.stop()


def machine(directory, options):
    """One line about where the figures come from."""
    load_average, speed = os.getloadavg()[0], fsyncs_per_second(directory)
    etcd, redis = (version(program) for program in ("etcd", "redis-server"))
    line = (f"{os.cpu_count()} CPUs, Linux {platform.release()}, etcd {etcd}, Redis {redis}; "
            f"{speed:,} fdatasync/s of one thread; "
            f"load average {load_average:.2f} before the start.")
    return line + (" **Quick run: not a result.**" if options.quick else "")


def version(program):
    answer = subprocess.run([program, "--version"], capture_output=True, text=True).stdout
    return re.search(r"\d+\.\d+[.\d]*", answer).group()


def fsyncs_per_second(directory):
    path = directory / "fsyncs"
    began, count = time.monotonic(), 0
    with open(path, "wb", buffering=0) as out:
        while time.monotonic() - began < 1:
            out.write(bytes(256))
            os.fdatasync(out.fileno())
            count += 1
    path.unlink()
    return count


def arguments():
    parser = argparse.ArgumentParser(
        prog="run",
        description="Compares this service with etcd and webdis + Redis on this machine.",
        epilog="Exit status: 0 all floors reached, 1 a floor missed, 2 the run failed.")
    parser.add_argument("--quick", action="store_true",
                        help="short windows and few keys: a smoke test")
    parser.add_argument("--only", choices=PARTS, action="append",
                        help="measure only this (may be repeated); memory and scale need no peers,"
                             " bulk needs Redis alone")
    parser.add_argument("--servers", "--peers", default=",".join(SERVERS), metavar="NAMES",
                        help="for get and put: which of %(default)s")
    parser.add_argument("--rounds", type=int, help="interleaved rounds (3)")
    parser.add_argument("--command", default=KvStore.command, metavar="LINE",
                        help="how to start this service (%(default)s)")
    parser.add_argument("--dir", default="/var/tmp",
                        help="where the data of all servers goes, not tmpfs (%(default)s)")
    parser.add_argument("--keep", action="store_true", help="keep that data and the logs")
    parser.add_argument("--json", metavar="FILE", type=Path, help="write every figure to a file")
    options = parser.parse_args()
    options.servers = options.servers.split(",")
    options.only = options.only or PARTS
    if unknown := set(options.servers) - set(SERVERS):
        parser.error(f"unknown server {', '.join(sorted(unknown))}; there are {', '.join(SERVERS)}")
    return options


def measure(options, directory, results):
    with contextlib.ExitStack() as at_exit:
        bench = Bench(options, directory, at_exit, results)
        results.machine = machine(directory, options)
        if operations := [part for part in ("get", "put") if part in options.only]:
            bench.against_peers(operations)
        if "bulk" in options.only:
            bench.bulk()
        parts = {"memory", "scale"} & set(options.only)
        if parts and KvStore.name in options.servers:
            bench.size(parts)


@contextlib.contextmanager
def work_directory(options):
    kind = subprocess.run(["stat", "-fc", "%T", options.dir], capture_output=True, text=True).stdout
    if kind.strip() in ("tmpfs", "ramfs"):
        raise BenchmarkError(f"{options.dir} is in memory, where an fsync costs nothing: see --dir")
    directory = Path(tempfile.mkdtemp(prefix="kvstore-bench.", dir=options.dir))
    try:
        yield directory
    finally:
        if options.keep:
            say(f"data and logs are in {directory}")
        else:
            shutil.rmtree(directory, ignore_errors=True)


def measured(options, measure):
    """Runs a measurement of this service with targets, and shows them; the exit status."""
    KvStore.command = options.command
    for number in SIGNALS:
        signal.signal(number, interrupted)
    results = Targets()
    try:
        measure(options, results)
        status = 0 if results.passed() else 1
    except (BenchmarkError, OSError, subprocess.SubprocessError) as failure:
        say(f"failed: {failure}")
        status = 2
    print(results.markdown())
    return status


@contextlib.contextmanager
def service(options):
    """A started service, and the directory that it works in."""
    with work_directory(options) as directory:
        server = KvStore(directory / "server")
        try:
            say("starting the service")
            server.start()
            yield server, directory
        finally:
            server.stop()


def interrupted(*_):
    """Leaves through every clean-up, once: a second signal must not cut that short."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    sys.exit(2)


def main():
    options = arguments()
    KvStore.command = options.command
    for number in SIGNALS:
        signal.signal(number, interrupted)
    results = report.Report()
    try:
        with work_directory(options) as directory:
            measure(options, directory, results)
        status = 0 if results.passed() else 1
    except (BenchmarkError, OSError) as failure:
        say(f"failed: {failure}")
        results.failure = str(failure)
        status = 2
    print(results.markdown())
    if options.json:
        options.json.write_text(json.dumps(results.figures(), indent=2) + "\n")
    return status


if __name__ == "__main__":
    sys.exit(main())
