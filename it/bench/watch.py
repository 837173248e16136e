"""Watches under load: what each watch sees, how soon, and what it costs; README.md says how."""

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path

from bench import measured, service
from load import say
from servers import METRIC_HEAP_USED, BenchmarkError, KvStore

SOURCES = Path(__file__).resolve().parent / "watchload"

MOST_P99_MS = 250
MOST_MORE_THREADS = 16
MOST_MORE_HEAP_MB = 16
CATCH_UP_SECONDS = 60
WARM_SECONDS = 5
MOST_COMPILING = 0.05
METRIC_LAG = "kvstore_watch_lag_revisions"


class Load:
    """The load client, a process that is told what to do a line at a time."""

    def __init__(self, directory, port, options):
        classes = directory / "classes"
        subprocess.run(["javac", "-d", classes, *SOURCES.glob("*.java")], check=True)
        seconds = sum((2 * WARM_SECONDS * options.warm, options.few_seconds, options.seconds,
                       options.stall_seconds, 2 * CATCH_UP_SECONDS))
        # It stands for clients that have CPUs of their own: what waits for its turn here was delivered.
        argv = ["nice", "-n", "-10", "java", "-Xms512m", "-Xmx512m", "-XX:+UseParallelGC", "-cp", classes, "WatchLoad"]
        argv += [port, options.prefixes, options.rate * seconds]
        self.popen = subprocess.Popen(
            list(map(str, argv)), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            start_new_session=True)

    def do(self, *words):
        self.popen.stdin.write(" ".join(map(str, words)) + "\n")
        self.popen.stdin.flush()
        answer = self.popen.stdout.readline()
        if not answer:
            raise BenchmarkError(f"the load client failed at {words}")
        return json.loads(answer)

    def cpu_seconds(self):
        return cpu_seconds([self.popen.pid])

    def stop(self):
        self.popen.kill()
        self.popen.wait()


class WatchBench:
    """One run, step by step."""

    def __init__(self, options, server, load, targets):
        self.options, self.server, self.load, self.targets = options, server, load, targets

    def run(self):
        options = self.options
        idle = self.cost("no watch")
        few = self.watched(options.few, options.few_seconds)
        many = self.watched(options.watchers, options.seconds)
        self.targets.at_most(
            f"threads more at {options.watchers:,} watches than at {options.few}",
            many["threads"] - few["threads"], MOST_MORE_THREADS)
        each = (many["heap"] - idle["heap"]) / options.watchers * 1024
        self.targets.shown("heap of one watch, all that it causes included", f"{each:.0f} KB")
        if options.stalled:
            self.stalled(many)
        self.check()

    def watched(self, watchers, seconds):
        """Opens watches, writes, measures; writing goes on afterwards."""
        self.load.do("pause")
        say(f"opening {watchers} watches")
        began = time.monotonic()
        self.load.do("open", watchers)
        say(f"all are open after {time.monotonic() - began:.1f} s")
        self.warm_up()
        self.measure(f"{watchers:,} watches", watchers, seconds)
        return self.cost(f"{watchers:,} watches")

    def warm_up(self):
        """Writes until the service keeps pace and its JIT compiler, on the same CPUs, is done."""
        for number in range(self.options.warm):
            self.load.do("write", self.options.rate)
            self.load.do("take")
            before, began = compile_seconds(self.server), time.monotonic()
            time.sleep(WARM_SECONDS)
            seen = self.load.do("take")
            took = time.monotonic() - began
            rate, p99 = seen["writes"] / took, seen["sent"]["p99"]
            compiling = (compile_seconds(self.server) - before) / took
            say(f"warm-up {number + 1}: {rate:,.0f} writes/s, p99 {p99:,.0f} ms, "
                f"JIT compilers busy: {compiling:.2f}")
            if rate > 0.95 * self.options.rate and compiling < MOST_COMPILING:
                return

    def measure(self, what, watchers, seconds):
        say(f"measuring {what} for {seconds} s")
        self.load.do("take")
        before = cpu_seconds(self.server.processes[0].pids()), self.load.cpu_seconds()
        began = time.monotonic()
        time.sleep(seconds)
        seen = self.load.do("take")
        took = time.monotonic() - began
        after = cpu_seconds(self.server.processes[0].pids()), self.load.cpu_seconds()
        used = " + ".join(f"{(a - b) / took:.2f}" for a, b in zip(after, before))
        self.targets.shown(
            f"{what}: writes/s, events/s", f"{seen['writes'] / took:,.0f}, "
            f"{seen['events'] / took:,.0f}")
        self.targets.shown(f"{what}: CPUs used by server + load", used)
        self.targets.shown(f"{what}: write answered", latencies(seen["answers"]))
        self.targets.shown(
            f"{what}: acknowledged to arrived", latencies(seen["acknowledged"]))
        self.targets.shown(f"{what}: sent to arrived", latencies(seen["sent"]))
        if watchers == self.options.watchers:
            self.targets.at_most(
                f"{what}: sent to arrived, p99", seen["sent"]["p99"], MOST_P99_MS, " ms")

    def stalled(self, before):
        """Some readers stop for a while: it costs the server nothing, and they catch up."""
        options = self.options
        what = f"{options.stalled} of {options.watchers:,} have not read for {options.stall_seconds} s"
        say(f"{options.stalled} readers stop reading")
        self.load.do("take")
        self.load.do("stall", options.stalled)
        time.sleep(options.stall_seconds)
        lag = self.server.metric(METRIC_LAG)
        seen = self.load.do("take")
        costs = self.cost(what)
        lacking = self.load.do("behind", options.stalled)["events"]
        self.load.do("resume", options.stalled)
        if lag < options.rate:
            raise BenchmarkError(f"the server did not notice that readers had stopped: lag {lag}")
        self.targets.shown(f"{what}: revisions behind in the server", f"{lag:,.0f}")
        self.targets.shown(f"{what}: sent to arrived at the others", latencies(seen["sent"]))
        self.targets.at_most(
            f"{what}: heap more", costs["heap"] - before["heap"], MOST_MORE_HEAP_MB, " MB")
        began = time.monotonic()
        self.targets.at_most(
            "they catch up, while writing goes on, in", self.catch_up(options.stalled),
            CATCH_UP_SECONDS, " s")
        say(f"{lacking:,} events caught up in {time.monotonic() - began:.1f} s")

    def catch_up(self, stalled):
        """Seconds until they are less than a second behind."""
        began = time.monotonic()
        limit = stalled * self.options.rate / self.options.prefixes
        while self.load.do("behind", stalled)["events"] > limit:
            if time.monotonic() - began > CATCH_UP_SECONDS:
                break
            time.sleep(0.1)
        return time.monotonic() - began

    def check(self):
        self.load.do("pause")
        began = time.monotonic()
        while self.load.do("behind", self.options.watchers)["events"]:
            if time.monotonic() - began > CATCH_UP_SECONDS:
                break
            time.sleep(0.1)
        found = self.load.do("check")
        self.targets.shown("writes in all, events in all",
                           f"{found['writes']:,}, {found['events']:,}")
        self.targets.equal("events lost", found["lost"], 0)
        self.targets.equal("events doubled", found["doubled"], 0)
        self.targets.equal("events out of order", found["disordered"], 0)
        self.targets.equal("events that are not what was acknowledged", found["wrong"], 0)

    def cost(self, what):
        """Threads and heap in MB after a collection, as load goes on."""
        threads = self.server.metric("jvm_threads_current")
        jcmd(self.server, "GC.run")
        heap = self.server.metric(METRIC_HEAP_USED) / 2**20
        self.targets.shown(f"{what}: threads, heap in use", f"{threads:.0f}, {heap:.0f} MB")
        return {"threads": threads, "heap": heap}


def latencies(found):
    return "p50 {p50:,.1f}, p99 {p99:,.1f}, max {max:,.1f} ms".format(**found)


def server_pid(server):
    """The launcher's child is the server."""
    return server.processes[0].pids()[-1]


def jcmd(server, *command):
    argv = ["jcmd", str(server_pid(server)), *command]
    done = subprocess.run(argv, check=True, stdout=subprocess.PIPE, text=True, timeout=60)
    return done.stdout


def compile_seconds(server):
    """How long the compilers of the server's JVM have been at work, waits for a CPU included."""
    for line in jcmd(server, "PerfCounter.print").splitlines():
        name, _, value = line.partition("=")
        if name == "java.ci.totalTime":
            return int(value) / 1e9
    raise BenchmarkError("the JVM does not say how long it has compiled")


def cpu_seconds(pids):
    ticks = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / 100


def arguments():
    parser = argparse.ArgumentParser(
        prog="watch",
        description="Measures watches of this service under steady writes, and checks that each "
                    "watch sees exactly the acknowledged writes of its prefix, in order.",
        epilog="Exit status: 0 all targets reached, 1 a target missed, 2 the run failed.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--watchers", type=int, default=1_000, help="watches")
    parser.add_argument("--few", type=int, default=100, help="watches before, to compare with")
    parser.add_argument("--prefixes", type=int, default=8, help="what they are spread over")
    parser.add_argument("--rate", type=int, default=2_000, help="writes a second")
    parser.add_argument("--seconds", type=int, default=60, help="how long to measure")
    parser.add_argument("--few-seconds", type=int, default=10, help="and with few watches")
    parser.add_argument("--warm", type=int, default=40,
                        help=f"warm-up before either: at most so many times {WARM_SECONDS} s")
    parser.add_argument("--stalled", type=int, default=50, help="readers that stop; 0 for none")
    parser.add_argument("--stall-seconds", type=int, default=50, help="for how long")
    parser.add_argument("--command", default=KvStore.command, metavar="LINE",
                        help="how to start the service")
    parser.add_argument("--dir", default="/var/tmp", help="where its data goes, not tmpfs")
    parser.add_argument("--keep", action="store_true", help="keep that data and the log")
    return parser.parse_args()


def measure(options, targets):
    with service(options) as (server, directory):
        load = Load(directory, server.port, options)
        try:
            WatchBench(options, server, load, targets).run()
        finally:
            load.stop()


def main():
    return measured(arguments(), measure)


if __name__ == "__main__":
    sys.exit(main())
