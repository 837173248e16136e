"""Disk use under minutes of overwriting, with a bound on history; README.md says how."""

import argparse
import contextlib
import json
import os
import signal
import sys
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from statistics import mean

import load
from bench import SIGNALS, interrupted, work_directory
from load import say
from servers import BenchmarkError, KvStore, fetch
from targets import Targets

KEYS = 10_000
VALUE_BYTES = 1024
REQUESTS = 20_000  # replayed again and again
SAMPLE_SECONDS = 10
MOST_GROWTH = 1.2
METRICS = ("revision", "table_bytes", "wal_bytes", "compaction_debt_bytes")


def disk_bytes(directory):
    """What the files take on the disk; they come and go meanwhile."""
    total = 0
    for folder, _, names in os.walk(directory):
        for name in names:
            with contextlib.suppress(FileNotFoundError):
                total += os.stat(os.path.join(folder, name)).st_blocks * 512
    return total


def overwrite(server, seconds):
    """Overwrites all keys at full speed for so long; returns [second, bytes] and the rate."""
    requests = load.sample(server, "put", KEYS, REQUESTS, VALUE_BYTES)
    samples = []
    print("| second | disk MB | tables MB | log MB | debt MB | revision |", flush=True)
    print("|---:|---:|---:|---:|---:|---:|", flush=True)
    with ThreadPoolExecutor(1) as background:
        began = time.monotonic()
        writing = background.submit(load.window, server, requests, seconds)
        while not writing.done():
            time.sleep(SAMPLE_SECONDS - (time.monotonic() - began) % SAMPLE_SECONDS)
            second = round(time.monotonic() - began)
            samples.append((second, disk_bytes(server.directory / "data")))
            print(row(server, *samples[-1]), flush=True)
        return samples, writing.result().rate


def row(server, second, size):
    revision, *sizes = (server.metric(f"kvstore_{name}") for name in METRICS)
    cells = (f"{cell / 2**20:,.0f}" for cell in (size, *sizes))
    return f"| {second} | {' | '.join(cells)} | {revision:,.0f} |"


def growth(figure, samples, seconds):
    """A figure of the last two fifths to that of the two fifths before; the first one fills."""
    def of(first, last):
        return figure([size for second, size in samples if first < second * 5 / seconds <= last])
    return of(3, 6) / of(1, 3)


def status_at(server, revision):
    url = f"http://127.0.0.1:{server.port}/v1/kv/{load.key(0)}?revision={revision}"
    try:
        with urllib.request.urlopen(url, timeout=60) as answer:
            return answer.status
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code


def check_history(server, targets, revisions):
    """What is given up is refused, what is kept is answered."""
    shard, = json.loads(fetch(server.port, "GET", "/v1/status"))["shards"]
    newest, compacted = shard["revision"], shard["compactedRevision"]
    targets.at_most("revisions kept", newest - compacted, revisions)
    for what, revision, wanted in (
            ("the oldest", 1, 410), ("the newest given up", compacted - 1, 410),
            ("the oldest kept", compacted, 200), ("the newest", newest, 200)):
        targets.equal(f"status of a read at {what} revision", status_at(server, revision), wanted)


def measure(options, directory, targets):
    with contextlib.ExitStack() as at_exit:
        server = KvStore(directory / "server", {
            "KV_HISTORY_MAX_REVISIONS": str(options.revisions),
            "KV_HISTORY_MAX_AGE": options.age})
        at_exit.callback(server.stop)
        say("starting the service")
        server.start()
        load.fill(server, 0, KEYS)
        samples, rate = overwrite(server, options.seconds)
        sizes = [size / 2**20 for _, size in samples]
        targets.shown("writes/s", f"{rate:,.0f}")
        targets.shown("disk, most", f"{max(sizes):,.0f} MB")
        targets.shown("disk, most of the last two fifths to most of the two fifths before",
                      f"{growth(max, samples, options.seconds):.2f}x")
        targets.at_most("disk, mean of the last two fifths to mean of the two fifths before",
                        growth(mean, samples, options.seconds), MOST_GROWTH, "x")
        time.sleep(SAMPLE_SECONDS)
        rest = disk_bytes(directory / "server/data") / 2**20
        targets.shown(f"disk {SAMPLE_SECONDS} s after the last write", f"{rest:,.0f} MB")
        check_history(server, targets, options.revisions)


def arguments():
    parser = argparse.ArgumentParser(
        prog="disk",
        description=f"Overwrites {KEYS:,} keys with values of {VALUE_BYTES} bytes at full speed and "
                    "shows that the disk that the service takes levels off.",
        epilog="Exit status: 0 all targets reached, 1 a target missed, 2 the run failed.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--seconds", type=int, default=300, help="how long")
    parser.add_argument("--revisions", type=int, default=100_000, help="kv.history.max-revisions")
    parser.add_argument("--age", default="1m", help="kv.history.max-age")
    parser.add_argument("--command", default=KvStore.command, metavar="LINE",
                        help="how to start the service")
    parser.add_argument("--dir", default="/var/tmp", help="where its data goes, not tmpfs")
    parser.add_argument("--keep", action="store_true", help="keep that data and the log")
    options = parser.parse_args()
    if options.seconds < 5 * SAMPLE_SECONDS:
        parser.error(f"--seconds is at least {5 * SAMPLE_SECONDS}")
    return options


def main():
    options = arguments()
    KvStore.command = options.command
    for number in SIGNALS:
        signal.signal(number, interrupted)
    targets = Targets()
    try:
        with work_directory(options) as directory:
            measure(options, directory, targets)
        status = 0 if targets.passed() else 1
    except (BenchmarkError, OSError) as failure:
        say(f"failed: {failure}")
        status = 2
    print()
    print(targets.markdown())
    return status


if __name__ == "__main__":
    sys.exit(main())
