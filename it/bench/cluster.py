"""Three nodes: beside etcd, by number of shards, through deaths, and a fourth; README.md says how."""

import argparse
import contextlib
import dataclasses
import os
import statistics
import sys
import time

import cluster_faults
import cluster_size
import load
from bench import FULL, QUICK, measured, work_directory
from clusters import CLUSTERS, KvCluster
from load import say
from servers import BenchmarkError, KvStore

PARTS = ("peers", "shards", "death", "restart", "grow", "size")
MANY = cluster_faults.SHARDS  # where a cluster is to have many
FLOORS = {"put": 1.0, "get": 1.5}
LEAST_OF_ONE_SHARD = 0.9
TITLES = {"get": "GET", "put": "PUT"}
MOST_REFUSED = 0.01  # of a window: refused with 429, and not counted
COLD_PASSES = 4
MOST_COMPILING = 0.05  # of the CPU that a cluster uses: it is warm then
WARM_MOST = 120
TICKS = os.sysconf("SC_CLK_TCK")


class Seen:
    """The windows of one operation on one cluster."""

    def __init__(self):
        self.windows = []
        self.cpu = []

    def take(self, cluster, requests, seconds, number):
        before = cluster.cpu_ticks()
        window = load.window(cluster, requests, seconds, number, MOST_REFUSED)
        ticks = cluster.cpu_ticks() - before
        self.windows.append(window)
        self.cpu.append(ticks / TICKS / seconds / window.rate * 1e6)
        return window

    def median(self, figure):
        return statistics.median(getattr(window, figure) for window in self.windows)

    def text(self):
        each = " ".join(f"{window.rate:,.0f}" for window in self.windows)
        return (f"{self.median('rate'):,.0f}/s, p50 {self.median('p50'):.1f} ms, "
                f"p99 {self.median('p99'):.1f} ms, {statistics.median(self.cpu):.0f} µs of CPU "
                f"each (rounds: {each})")


class ClusterBench:
    """One run: what it measures, and what has to be stopped at its end."""

    def __init__(self, options, directory, at_exit, targets):
        self.options, self.directory, self.at_exit = options, directory, at_exit
        self.targets = targets
        plan = QUICK if options.quick else FULL
        self.plan = load.Plan(**{**vars(plan), "rounds": options.rounds or plan.rounds})
        self.keys = 10_000 if options.quick else 100_000

    def cluster(self, kind, folder, environment=None):
        cluster = kind(self.directory / folder, environment)
        self.at_exit.callback(cluster.stop)
        say(f"starting {cluster.label}")
        cluster.start()
        return cluster

    def _of_shards(self, shards, folder):
        return self.cluster(KvCluster, folder, {"KV_SHARDS": str(shards)})

    def peers(self):
        """Durable PUT and linearizable GET of this service and of etcd, in interleaved rounds."""
        clusters = [self.cluster(CLUSTERS[name], name) for name in self.options.clusters]
        for cluster in clusters:
            fill(cluster, self.keys)
        for operation in self.options.operations:
            seen = self._rounds(operation, clusters)
            for name, of in seen.items():
                self.targets.shown(f"{TITLES[operation]}, {CLUSTERS[name].label}", of.text())
            if len(seen) == len(CLUSTERS):
                ours, theirs = (seen[name].median("rate") for name in CLUSTERS)
                self.targets.at_least(
                    f"{TITLES[operation]}, requests/s, to etcd", ours / theirs,
                    FLOORS[operation], "x")
            if operation == "put":
                for cluster in clusters:
                    load.verify_overwritten(cluster, self.keys)
        for cluster in clusters:
            cluster.stop()

    def shards(self):
        """PUT and GET by the number of shards, one cluster after the other."""
        rates = {}
        for shards in self.options.shards:
            cluster = self._of_shards(shards, f"shards-{shards}")
            fill(cluster, self.keys)
            self._idle(cluster, shards)
            for operation in self.options.operations:
                seen = self._rounds(operation, [cluster])[cluster.name]
                self.targets.shown(f"{TITLES[operation]}, {shards} shards", seen.text())
                rates[operation, shards] = seen.median("rate")
            cluster.stop()
        fewest, *more = self.options.shards
        for operation in self.options.operations:
            for shards in more:
                self.targets.at_least(
                    f"{TITLES[operation]}, requests/s, {shards} shards to {fewest}",
                    rates[operation, shards] / rates[operation, fewest], LEAST_OF_ONE_SHARD, "x")

    def faults(self, parts):
        """Deaths of leaders, and a rolling restart, under load."""
        with self._under_load(self._of_shards(MANY, "faults")) as bench:
            if "death" in parts:
                bench.leader_death(self.options.deaths)
            if "restart" in parts:
                bench.rolling_restart()

    def grow(self):
        """A fourth node for a cluster that has keys, under load."""
        cluster = self._of_shards(MANY, "grow")
        fill(cluster, self.options.grow_keys or self.keys)
        with self._under_load(cluster) as bench:
            bench.grow(self.options.grow_seconds)

    @contextlib.contextmanager
    def _under_load(self, cluster):
        steady = cluster_faults.Load(self.directory, cluster, self.options.rate)
        self.at_exit.callback(steady.stop)
        bench = cluster_faults.Faults(cluster, steady, self.targets, self.options.quick)
        bench.warm_up()
        yield bench
        steady.stop()
        cluster.stop()

    def size(self):
        """Very many keys."""
        cluster = self._of_shards(MANY, "size")
        cluster_size.measure(cluster, self.targets, self.options.keys, self.plan)
        cluster.stop()

    def _idle(self, cluster, shards):
        """What hearing each other costs while nobody asks for anything."""
        load.settle([cluster])
        seen, _ = cpu_of(cluster, lambda: time.sleep(self.plan.window))
        self.targets.shown(f"CPU at rest, {shards} shards", f"{seen / self.plan.window:.1%} of one")

    def _rounds(self, operation, clusters):
        requests = {c: load.sample(c, operation, self.keys) for c in clusters}
        for cluster in clusters:
            say(f"{operation}: warming up {cluster.label}")
            warm_up(cluster, requests[cluster], self.plan, self.options.quick)
        seen = {cluster.name: Seen() for cluster in clusters}
        for number in range(self.plan.rounds):
            for cluster in clusters:
                load.settle(clusters)
                window = seen[cluster.name].take(
                    cluster, requests[cluster], self.plan.window, 100 + number)
                say(f"{operation}: round {number + 1}: {cluster.name} {window.rate:,.0f}/s")
        return seen


def fill(cluster, keys):
    """Stores the keys; once more where nodes that are still cold have refused some."""
    for _ in range(COLD_PASSES):
        try:
            load.fill(cluster, 0, keys)
            return
        except BenchmarkError as cold:
            say(f"once more: {cold}")
            if cluster.count() == keys:
                return
    raise BenchmarkError(f"{cluster.name} still refuses writes")


def warm_up(cluster, requests, plan, quick):
    """Until rates agree and Java has compiled what matters: three nodes share the CPUs for that."""
    seen = [(cluster.cpu_ticks(), cluster.compiler_ticks())]

    def is_calm():
        seen.append((cluster.cpu_ticks(), cluster.compiler_ticks()))
        used, compiled = (now - before for before, now in zip(*seen[-2:]))
        say(f"{cluster.name}: {compiled / max(used, 1):.0%} of its CPU went into compiling")
        return quick or compiled <= MOST_COMPILING * used

    longer = plan if quick else dataclasses.replace(plan, warm_most=WARM_MOST)
    if not load.warm_up(cluster, requests, longer, most_refused=1, is_calm=is_calm):
        say(f"{cluster.name} never became warm")


def cpu_of(cluster, action):
    """Seconds of CPU that a cluster uses during an action, and what that returns."""
    before = cluster.cpu_ticks()
    result = action()
    return (cluster.cpu_ticks() - before) / TICKS, result


def arguments():
    parser = argparse.ArgumentParser(
        prog="cluster",
        description="Measures three nodes of this service on this machine, beside three of etcd.",
        epilog="Exit status: 0 all targets reached, 1 a target missed, 2 the run failed.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--quick", action="store_true",
                        help="short windows and few keys: a smoke test")
    parser.add_argument("--only", choices=PARTS, action="append",
                        help="measure only this (may be repeated)")
    parser.add_argument("--clusters", default=",".join(CLUSTERS), metavar="NAMES",
                        help="for peers: which")
    parser.add_argument("--operations", default="put,get", metavar="NAMES",
                        help="for peers and shards: which")
    parser.add_argument("--shards", default="1,2,4,8,16", metavar="NUMBERS",
                        help="for shards: how many, in turn")
    parser.add_argument("--connections", type=int, default=load.CONNECTIONS,
                        help="for peers and shards: to each node")
    parser.add_argument("--keys", type=int, default=1_000_000,
                        help="for size: how many")
    parser.add_argument("--rate", type=int, default=200,
                        help="for death, restart and grow: requests a second")
    parser.add_argument("--deaths", type=int, default=3, help="for death: how many")
    parser.add_argument("--grow-keys", type=int,
                        help="for grow: how many keys there are (100000)")
    parser.add_argument("--grow-seconds", type=int, default=60,
                        help="for grow: within which the node is to have its share")
    parser.add_argument("--rounds", type=int, help="windows of each (3)")
    parser.add_argument("--command", default=KvStore.command, metavar="LINE",
                        help="how to start a node of this service")
    parser.add_argument("--dir", default="/var/tmp", help="where all data goes, not tmpfs")
    parser.add_argument("--keep", action="store_true", help="keep that data and the logs")
    options = parser.parse_args()
    options.clusters = options.clusters.split(",")
    options.operations = options.operations.split(",")
    options.shards = [int(number) for number in options.shards.split(",")]
    options.only = options.only or PARTS
    load.CONNECTIONS = options.connections
    return options


def measure(options, targets):
    targets.shown("load average before", f"{os.getloadavg()[0]:.2f} on {os.cpu_count()} CPUs")
    with work_directory(options) as directory, contextlib.ExitStack() as at_exit:
        bench = ClusterBench(options, directory, at_exit, targets)
        if "peers" in options.only:
            bench.peers()
        if "shards" in options.only:
            bench.shards()
        if faults := {"death", "restart"} & set(options.only):
            bench.faults(faults)
        if "grow" in options.only:
            bench.grow()
        if "size" in options.only:
            bench.size()


def main():
    return measured(arguments(), measure)


if __name__ == "__main__":
    sys.exit(main())
