"""Overload: what it does to the requests that are let in, and how soon it is over."""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

from bench import measured, service
from load import fill, say
from servers import METRIC_HEAP_USED, BenchmarkError, KvStore
from watch import jcmd

HERE = Path(__file__).resolve().parent
KINDS = ("txn", "list", "put")

MOST_TIMES = 3
MOST_RECOVERY_SECONDS = 5
MOST_MORE_HEAP_MB = 32
STEP = 1.25
WARM_SECONDS = 5
PROBE_SECONDS = 4


class Load:
    """The load client: a process that runs a window for each line it is told."""

    def __init__(self, directory, port, kind):
        classes = directory / "classes"
        sources = [HERE / "openload/OpenLoad.java", HERE / "watchload/Latencies.java"]
        subprocess.run(["javac", "-d", classes, *sources], check=True)
        # It stands for clients on machines of their own: it does not wait for its turn.
        argv = ["nice", "-n", "-10", "java", "-Xmx1g", "-XX:+UseParallelGC", "-cp", classes]
        self.popen = subprocess.Popen(
            [*map(str, argv), "OpenLoad", str(port), kind], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True, start_new_session=True)

    def window(self, rate, seconds):
        self.popen.stdin.write(f"{max(1, round(rate))} {seconds}\n")
        self.popen.stdin.flush()
        answer = self.popen.stdout.readline()
        if not answer:
            raise BenchmarkError("the load client failed")
        return json.loads(answer)

    def stop(self):
        self.popen.kill()
        self.popen.wait()


class Overload:
    """One kind of request, step by step."""

    def __init__(self, options, server, load, targets, kind):
        self.options, self.server, self.load, self.targets = options, server, load, targets
        self.kind = kind

    def run(self):
        sustainable = self.sustainable()
        self.targets.shown(f"{self.kind}: sustainable, requests/s", f"{sustainable:,.0f}")
        calm = self.load.window(sustainable / 4, self.options.seconds)
        self.shown("at a quarter of it", calm)
        heap = self.heap()
        # How an overload begins is not how it goes on: the queue has to stand before it is cut.
        begins = self.load.window(4 * sustainable, 2)
        self.shown("the first 2 s at 4 times of it", begins)
        flood = self.load.window(4 * sustainable, self.options.seconds)
        self.shown("then", flood)
        after = self.load.window(sustainable / 2, 1)
        seconds = self.recovery(sustainable / 2, calm, after)
        what = f"{self.kind}: p99 of those let in, to that at a quarter"
        self.targets.at_most(
            what, flood["latency"]["p99"] / calm["latency"]["p99"], MOST_TIMES, "x")
        self.targets.equal(f"{self.kind}: refused without Retry-After",
                           flood["refused"] - flood["retryAfter"], 0)
        self.targets.equal(f"{self.kind}: failed or not answered",
                           flood["failed"] + flood["unanswered"], 0)
        self.targets.at_most(f"{self.kind}: heap more than before", self.heap() - heap,
                             MOST_MORE_HEAP_MB, " MB")
        self.targets.at_most(f"{self.kind}: recovered in", seconds, MOST_RECOVERY_SECONDS, " s")

    def heap(self):
        """Heap in MB after a collection."""
        jcmd(self.server, "GC.run")
        return self.server.metric(METRIC_HEAP_USED) / 2**20

    def sustainable(self):
        """The highest rate that is answered whole, found step by step."""
        rate = self.options.first
        for _ in range(self.options.warm):
            self.load.window(rate, WARM_SECONDS)
        best = None
        while True:
            seen = self.load.window(rate, PROBE_SECONDS)
            say(f"{self.kind}: {rate:,.0f}/s: {seen}")
            if seen["refused"] or seen["failed"] or seen["latency"]["p99"] > self.options.most_p99:
                if best:
                    return best
                rate /= STEP**3
            else:
                best = rate
                rate *= STEP

    def recovery(self, rate, calm, first):
        """Seconds until a second passes in which all are answered, about as soon as ever."""
        seen = first
        for second in range(30):
            if not seen["refused"] and seen["latency"]["p99"] <= MOST_TIMES * calm["latency"]["p99"]:
                return second
            seen = self.load.window(rate, 1)
        return 30

    def shown(self, when, seen):
        of = "p50 {p50:,.1f}, p99 {p99:,.1f}, max {max:,.1f} ms"
        self.targets.shown(
            f"{self.kind}, {when}", f"{seen['done']:,} answered: {of.format(**seen['latency'])}; "
            f"{seen['refused']:,} refused: {of.format(**seen['refusal'])}")


def arguments():
    parser = argparse.ArgumentParser(
        prog="overload",
        description="Finds the rate of requests that this service sustains, sends four times as "
                    "many, and compares the latency of those that are let in.",
        epilog="Exit status: 0 all targets reached, 1 a target missed, 2 the run failed.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--only", choices=KINDS, action="append",
                        help="txn: of 100 puts; list: pages of 500 keys; put: of 100 bytes")
    parser.add_argument("--seconds", type=int, default=20, help="how long to measure each")
    parser.add_argument("--warm", type=int, default=6,
                        help=f"windows of {WARM_SECONDS} s at the first rate before")
    parser.add_argument("--first", type=int, default=200, help="first rate to try")
    parser.add_argument("--most-p99", type=int, default=200,
                        help="latency in ms up to which a rate counts as sustained")
    parser.add_argument("--queue-delay", default="10ms",
                        help="kv.limits.queue-delay; the service's own default refuses later")
    parser.add_argument("--command", default=KvStore.command, metavar="LINE",
                        help="how to start the service")
    parser.add_argument("--dir", default="/var/tmp", help="where its data goes, not tmpfs")
    parser.add_argument("--keep", action="store_true", help="keep that data and the log")
    return parser.parse_args()


def measure(options, targets):
    os.environ["KV_LIMITS_QUEUE_DELAY"] = options.queue_delay
    for kind in options.only or KINDS:
        with service(options) as (server, directory):
            if kind == "list":
                fill(server, 0, 10_000)
            load = Load(directory, server.port, kind)
            try:
                Overload(options, server, load, targets, kind).run()
            finally:
                load.stop()


def main():
    return measured(arguments(), measure)


if __name__ == "__main__":
    sys.exit(main())
