"""Bulk load: one batch over one connection, and redis-benchmark with deep pipelines beside it."""

import random
import re
import statistics
import subprocess

import load
from load import say
from servers import BenchmarkError

PIPELINE = 100
SECONDS = 600


def batch_file(server, operation, numbers, size=load.VALUE_BYTES):
    """A batch of puts or gets of the keys with these numbers."""
    path = server.directory / f"bulk-{operation}.ndjson"
    with open(path, "w") as out:
        for number in numbers:
            line = f'"op":"{operation}","key":"{load.key(number)}"'
            if operation == "put":
                line += f',"value":"{load.value(number, size).decode()}"'
            out.write("{%s}\n" % line)
    return path


def run_batch(server, path, lines):
    """Lines per second, from the first byte sent to the last result; each result must be a 2xx."""
    results = path.with_suffix(".results")
    url = f"http://127.0.0.1:{server.port}/v1/batch"
    done = subprocess.run(
        ["curl", "-sSf", "-o", results, "-w", "%{time_total}", "-T", path, "-X", "POST",
         "-H", "Content-Type: application/x-ndjson", "-H", "Expect:", url],
        capture_output=True, text=True, timeout=SECONDS)
    with open(results, "rb") as read:
        good = sum(line.startswith(b'{"status":20') for line in read)
    if done.returncode or good != lines:
        raise BenchmarkError(f"batch: {good} of {lines} lines succeeded. {done.stderr}")
    return lines / float(done.stdout)


def run_redis(server, operation, lines, keys):
    """Requests per second of redis-benchmark, which keeps 50 connections with 100 requests each."""
    command = "set" if operation == "put" else "get"
    done = subprocess.run(
        ["redis-benchmark", "-h", "127.0.0.1", "-p", str(server.port), "-t", command, "-n",
         str(lines), "-r", str(keys), "-d", str(load.VALUE_BYTES), "-P", str(PIPELINE), "--csv"],
        capture_output=True, text=True, timeout=SECONDS)
    found = re.search(rf'^"{command}","([0-9.]+)"', done.stdout, re.MULTILINE | re.IGNORECASE)
    if done.returncode or not found:
        raise BenchmarkError(f"redis-benchmark failed: {done.stdout}{done.stderr}")
    return float(found.group(1))


def measure(service, redis, results, lines, keys, rounds):
    """Puts, then gets: warm-up passes, then interleaved rounds; reports the medians."""
    run_batch(service, batch_file(service, "put", range(keys)), keys)
    dice = random.Random(keys)
    for operation in ("put", "get"):
        path = batch_file(service, operation, [dice.randrange(keys) for _ in range(lines)])
        passes = {
            service.name: lambda path=path: run_batch(service, path, lines),
            redis.name: lambda op=operation: run_redis(redis, op, lines, keys)}
        for name, one_pass in passes.items():
            _warm_up(operation, name, one_pass)
        rates = {name: [] for name in passes}
        for number in range(rounds):
            for name, one_pass in passes.items():
                load.settle([service, redis])
                rates[name].append(one_pass())
                say(f"bulk {operation}: round {number + 1}: {name} {rates[name][-1]:,.0f}/s")
        medians = {name: statistics.median(seen) for name, seen in rates.items()}
        results.bulk(operation, medians[service.name], medians[redis.name], rates)


def _warm_up(operation, name, one_pass):
    """Until two passes agree within 10 %, six at the most."""
    before = one_pass()
    for number in range(5):
        now = one_pass()
        say(f"bulk {operation}: warm-up {number + 2}: {name} {now:,.0f}/s")
        if max(before, now) <= 1.1 * min(before, now):
            return
        before = now

