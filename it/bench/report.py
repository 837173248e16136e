"""The floors, the figures of a run, and the Markdown made of them."""

import statistics
from dataclasses import asdict

from servers import SERVERS, KvStore

FLOORS = {
    ("get", "etcd"): 3.5, ("get", "webdis"): 0.7,
    ("put", "etcd"): 2.2, ("put", "webdis"): 0.8}
MOST_SYNCS_PER_WRITE = 0.2
MOST_HEAP_MB = 256
MOST_RESIDENT_MB = 800
MOST_START_SECONDS = 10
MOST_P99_RATIO = 1.5
LEAST_BULK = {"put": 60_000, "get": 100_000}

LABELS = {name: server.label for name, server in SERVERS.items()}
TITLES = {"get": "GET", "put": "Durable PUT"}


class Report:
    """Collects windows and verdicts while the run goes on; renders them at its end."""

    def __init__(self):
        self.machine = ""
        self.failure = ""
        self.windows = {}
        self.unsettled = []
        self.verdicts = []
        self.sections = []

    def warm(self, title, name, settled):
        if not settled:
            self.unsettled.append(f"{title}: {LABELS.get(name, name)}")

    def window(self, title, name, seen):
        self.windows.setdefault(title, {}).setdefault(name, []).append(seen)

    def median(self, title, name, figure):
        return statistics.median(getattr(seen, figure) for seen in self.windows[title][name])

    def peers(self, title, keys, names):
        heading = f"{TITLES[title]}: {keys:,} keys, values of 100 bytes, 32 connections"
        self._table(heading, title)
        if KvStore.name not in names:
            return
        ours = self.median(title, KvStore.name, "rate")
        for name in names:
            if name != KvStore.name:
                ratio = ours / self.median(title, name, "rate")
                floor = FLOORS[title, name]
                what = f"{TITLES[title]}, requests/s, to {LABELS[name]}"
                self._verdict(what, f"{ratio:.2f}x", f"at least {floor}x", ratio >= floor)

    def syncs(self, written):
        syncs, acknowledged = written
        if acknowledged:
            ratio = syncs / acknowledged
            self._verdict("fsyncs per acknowledged write, 32 writers", f"{ratio:.3f}",
                          f"at most {MOST_SYNCS_PER_WRITE}", ratio <= MOST_SYNCS_PER_WRITE)

    def bulk(self, operation, ours, redis, rates):
        what = {"put": "durable puts", "get": "gets"}[operation]
        floor = LEAST_BULK[operation]
        self._verdict(f"batch, {what}/s", f"{ours:,.0f}", f"at least {floor:,}", ours >= floor)
        each = "; ".join(
            f"{name} {' '.join(f'{rate:,.0f}' for rate in seen)}" for name, seen in rates.items())
        self.sections += [
            "", f"Batch, {what}: {ours / redis:.2f}x `redis-benchmark -P 100` with `appendfsync "
            f"always` ({redis:,.0f}/s). Each round: {each}."]

    def memory(self, when, found):
        heap, resident, peak = (found[f] / 2**20 for f in ("heap used", "resident", "peak"))
        self._verdict(f"heap used {when}", f"{heap:.0f} MB", f"under {MOST_HEAP_MB} MB",
                      heap < MOST_HEAP_MB)
        self._verdict(f"resident {when} (peak {peak:.0f} MB)", f"{resident:.0f} MB",
                      f"under {MOST_RESIDENT_MB} MB", resident < MOST_RESIDENT_MB)

    def start(self, keys, seconds):
        self._verdict(f"start to ready with {keys:,} keys", f"{seconds:.1f} s",
                      f"at most {MOST_START_SECONDS} s", seconds <= MOST_START_SECONDS)

    def scale(self, small, large):
        self._table("GET by number of keys", "scale")
        ratio = self.median("scale", large, "p99") / self.median("scale", small, "p99")
        self._verdict(f"GET p99 at {large} to {small}", f"{ratio:.2f}x",
                      f"at most {MOST_P99_RATIO}x", ratio <= MOST_P99_RATIO)

    def passed(self):
        return all(verdict["passed"] for verdict in self.verdicts)

    def figures(self):
        windows = {
            title: {name: [asdict(seen) for seen in rounds] for name, rounds in found.items()}
            for title, found in self.windows.items()}
        return {
            "machine": self.machine, "failure": self.failure, "windows": windows,
            "verdicts": self.verdicts, "unsettled": self.unsettled}

    def markdown(self):
        lines = [self.machine]
        if self.failure:
            lines += ["", f"**The run failed, this is incomplete:** {self.failure}"]
        if self.verdicts:
            lines += ["", "### This service against its floors", "",
                      "| what | measured | floor | |", "|---|---:|---:|---|"]
            lines += [f"| {v['what']} | {v['measured']} | {v['floor']} | "
                      f"{'pass' if v['passed'] else '**MISS**'} |" for v in self.verdicts]
        lines += self.sections
        if self.unsettled:
            lines += ["", f"Never warm within 10 %: {', '.join(self.unsettled)}."]
        return "\n".join(lines)

    def _verdict(self, what, measured, floor, passed):
        self.verdicts.append(
            {"what": what, "measured": measured, "floor": floor, "passed": passed})

    def _table(self, heading, title):
        rows = []
        for name, seen in self.windows[title].items():
            rate, p50, p99 = (self.median(title, name, f) for f in ("rate", "p50", "p99"))
            rounds = " ".join(f"{one.rate:,.0f}" for one in seen)
            label = LABELS.get(name, name)
            rows.append(f"| {label} | {rate:,.0f} | {p50:.2f} | {p99:.2f} | {rounds} |")
        self.sections += ["", f"### {heading}", "",
                          "| server | requests/s | p50 ms | p99 ms | each round |",
                          "|---|---:|---:|---:|---|", *rows]
