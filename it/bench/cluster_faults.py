"""Deaths of leaders, a rolling restart and a fourth node, under a client's steady load."""

import json
import os
import signal
import subprocess
import time
from pathlib import Path

from clusters import awaited
from load import say
from servers import START_SECONDS, BenchmarkError

HERE = Path(__file__).resolve().parent
CLIENT = HERE.parents[1] / "client-sdk/target/kv.jar"
SHARDS = 16
THREADS = 512  # as many requests may wait for the shards that a node has led, and more
MOST_SECONDS_WITHOUT = 5
MOST_P99_RATIO = 2.0
WARM_SECONDS, CALM_SECONDS, QUICK_SECONDS = 40, 20, 5
AFTER_SECONDS = 10


class Load:
    """The load client: a process that tells what has become of its requests since it was asked."""

    def __init__(self, directory, cluster, rate):
        if not CLIENT.exists():
            raise BenchmarkError(f"{CLIENT} is missing: build it first (mvn package)")
        classes = directory / "classes"
        sources = [HERE / "clusterload/ClusterLoad.java", HERE / "watchload/Latencies.java"]
        subprocess.run(["javac", "-nowarn", "-cp", CLIENT, "-d", classes, *sources], check=True)
        with open(directory / "load.log", "ab") as log:
            self.popen = subprocess.Popen(
                ["java", "-Xmx1g", "-XX:+UseParallelGC", "-cp", f"{classes}:{CLIENT}",
                 "ClusterLoad", cluster.urls(), str(SHARDS), str(rate), str(THREADS)],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True,
                start_new_session=True)

    def cut(self):
        """What has become of the requests since the last call."""
        self.popen.stdin.write("\n")
        self.popen.stdin.flush()
        answer = self.popen.stdout.readline()
        if not answer:
            raise BenchmarkError("the load client failed")
        return json.loads(answer)

    def over(self, seconds):
        """What becomes of the requests of the next seconds."""
        self.cut()
        time.sleep(seconds)
        return self.cut()

    def stop(self):
        self.popen.kill()
        self.popen.wait()


class Faults:
    """A cluster under load, and what is done to its nodes."""

    def __init__(self, cluster, load, targets, quick):
        self.cluster, self.load, self.targets = cluster, load, targets
        self.calm = QUICK_SECONDS if quick else CALM_SECONDS
        self.warm = QUICK_SECONDS if quick else WARM_SECONDS

    def warm_up(self):
        say("warming up under load")
        self.load.over(self.warm)
        self._shown("calm", self.load.over(self.calm))

    def leader_death(self, deaths):
        """Kills the node that leads a shard, again and again; each time another shard."""
        longest = worst = failed = 0
        for number in range(deaths):
            node = self._leader(number)
            led = self.cluster.led_by(node)
            self.load.cut()
            self._kill(node)
            time.sleep(AFTER_SECONDS)
            seen = self.load.cut()
            others = set(range(SHARDS)) - set(led)
            silence = max(seen["silences"][shard] for shard in led) / 1000
            apart = max((seen["silences"][shard] for shard in others), default=0) / 1000
            self._shown(f"death {number + 1} of {node.node_id}, which led {len(led)} shards", seen)
            self.targets.shown("  longest without a write: in those shards, in the others",
                               f"{silence:.2f} s, {apart:.2f} s")
            longest, worst = max(longest, silence), max(worst, self._p99(seen))
            failed += seen["failed"]
            self._start(node)
        self.targets.at_most("death of a leader: seconds until writes resume, longest",
                             longest, MOST_SECONDS_WITHOUT, " s")
        self.targets.at_most(f"death of a leader: p99 of all requests of those {AFTER_SECONDS} s, worst",
                             worst, MOST_SECONDS_WITHOUT, " s")
        self.targets.equal("death of a leader: failed requests", failed, 0)

    def rolling_restart(self):
        """Stops and starts each node in order, the next when the last has caught up."""
        self.load.cut()
        began = time.monotonic()
        for node in self.cluster.nodes:
            say(f"restarting {node.node_id}")
            node.stop()
            self._start(node)
        seconds = time.monotonic() - began
        time.sleep(self.calm)
        seen = self.load.cut()
        self._shown(f"rolling restart of all nodes, which took {seconds:.0f} s", seen)
        self.targets.shown("  longest without a write to a shard",
                           f"{max(seen['silences']) / 1000:.2f} s")
        self.targets.equal("rolling restart: failed requests", seen["failed"], 0)

    def grow(self, most_seconds):
        """Starts one more node and adds it, until it has its share of replicas and of leaders."""
        before = self._shown("before a node is added", self.load.over(self.calm))
        node = self.cluster.one_more()
        say(f"starting {node.node_id}")
        self.load.cut()
        started = node.start()
        starting = self._shown(
            f"while {node.node_id} starts, which took {started:.0f} s", self.load.cut())
        began = time.monotonic()
        self.cluster.add(node)
        if not awaited(self.cluster.is_even, max(most_seconds, START_SECONDS)):
            raise BenchmarkError(f"{node.node_id} never had its share")
        seconds = time.monotonic() - began
        during = self._shown("while it takes its share", self.load.cut())
        after = self._shown("after that", self.load.over(self.calm))
        seen = before, starting, during, after
        self.targets.shown("  p99 of all requests: before, while it starts, while it takes its "
                           "share, after", ", ".join(f"{1000 * self._p99(s):,.1f} ms" for s in seen))
        self.targets.at_most("a node is added: seconds until it has its share",
                             seconds, most_seconds, " s")
        self.targets.at_most("a node is added: p99 while it takes its share, to that before",
                             self._p99(during) / self._p99(before), MOST_P99_RATIO, "x")
        self.targets.equal("a node is added: failed requests, from its start on",
                           sum(s["failed"] for s in seen[1:]), 0)

    def _leader(self, shard):
        if node := awaited(lambda: self.cluster.leader(shard), START_SECONDS):
            return node
        raise BenchmarkError(f"nobody leads shard {shard}")

    def _kill(self, node):
        for process in node.processes:
            for pid in process.pids():
                os.kill(pid, signal.SIGKILL)
            process.popen.wait()
        node.processes.clear()

    def _start(self, node):
        node.start()
        self.cluster.await_caught_up(START_SECONDS)

    def _p99(self, seen):
        """In seconds, of reads and writes alike: that of the slower."""
        return max(seen["write"]["p99"], seen["read"]["p99"]) / 1000

    def _shown(self, when, seen):
        of = "p50 {p50:,.1f}, p99 {p99:,.1f}, max {max:,.0f} ms"
        self.targets.shown(
            when, f"{seen['writes']:,} writes: {of.format(**seen['write'])}; "
            f"{seen['reads']:,} reads: {of.format(**seen['read'])}; {seen['failed']:,} failed")
        if any(seen["slow"]):
            say(f"more than a second, by shard: {seen['slow']}")
        for failure in seen["failures"]:
            say(f"failed: {failure}")
        return seen
