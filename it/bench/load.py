"""Load: builds the requests, drives wrk, knows when a server is warm and the machine quiet."""

import json
import os
import random
import signal
import string
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from servers import BenchmarkError, fetch

REPLAY = Path(__file__).resolve().parent / "replay.lua"
CONNECTIONS = 16  # of each thread

VALUE_BYTES = 100
LOAD_CHUNK = 100_000
SAMPLE = 200_000
VERIFIED_KEYS = 200
LOAD_SECONDS = 600

# Values are slices of one random text: cheap to make, and no compression makes them smaller.
_POOL = "".join(random.Random(1).choices(string.ascii_letters + string.digits, k=1 << 16)).encode()


@dataclass(frozen=True)
class Window:
    """What wrk saw in one window: requests per second and latencies in milliseconds."""

    rate: float
    p50: float
    p99: float


@dataclass(frozen=True)
class Plan:
    """How long to measure. Windows are in seconds; a warm-up is at least `warm_least` windows."""

    rounds: int
    window: int
    warm_window: int
    warm_least: int
    warm_most: int


def say(*words):
    print(time.strftime("%H:%M:%S"), *words, file=sys.stderr, flush=True)


def key(number):
    return f"key:{number:07d}"


def value(number, size=VALUE_BYTES):
    start = number * 7919 % (len(_POOL) - size)
    return _POOL[start:start + size]


def _http(server, call):
    method, path, body = call
    head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n"
    head += "".join(f"{name}: {text}\r\n" for name, text in server.headers.items())
    if method != "GET":
        head += f"Content-Length: {len(body)}\r\n"
    return head.encode() + b"\r\n" + body + b"\x1e"


def sample(server, operation, keys, count=SAMPLE, size=VALUE_BYTES, most=None):
    """A file of requests for uniformly random keys: the same keys in order for every server.

    There are `count` of them, or as many as keys; `most` at the most."""
    dice = random.Random(keys)
    path = server.directory / f"{operation}-{keys}.requests"
    with open(path, "wb") as out:
        for _ in range(most or max(count, keys)):
            name, content = key(dice.randrange(keys)), value(dice.getrandbits(32), size)
            call = server.get(name) if operation == "get" else server.put(name, content)
            out.write(_http(server, call))
    return path


def _wrk(server, requests, seconds, number=0):
    """The arguments and the environment: a thread for each node, or two for the only one."""
    ports = server.ports if len(server.ports) > 1 else 2 * server.ports
    argv = ["wrk", f"-t{len(ports)}", f"-c{CONNECTIONS * len(ports)}", f"-d{seconds}s",
            "--timeout", "10s", "-s", REPLAY, f"http://127.0.0.1:{server.port}/",
            "--", requests, str(number)]
    return argv, {**os.environ, "PORTS": ",".join(map(str, ports))}


def _result(server, output, most_refused=0.0):
    lines = [line for line in output.splitlines() if line.startswith("{")]
    if not lines:
        raise BenchmarkError(f"wrk against {server.name} failed: {output}")
    found = json.loads(lines[-1])
    most = most_refused * found["requests"]
    if found["refused"] > most or found["broken"] or not found["requests"]:
        raise BenchmarkError(
            f"{server.name}: of {found['requests']} requests {found['refused']} were answered with "
            f"an error and {found['broken']} not at all")
    rate = (found["requests"] - found["refused"]) / found["microseconds"] * 1e6
    return Window(rate, found["p50"] / 1000, found["p99"] / 1000)


def window(server, requests, seconds, number=0, most_refused=0.0):
    """Runs one window. An answer of 4xx or 5xx, or none, fails the whole benchmark.

    A part of up to `most_refused` may be 4xx or 5xx, and is not counted."""
    argv, environment = _wrk(server, requests, seconds, number)
    done = subprocess.run(argv, env=environment, capture_output=True, text=True)
    return _result(server, done.stdout + done.stderr, most_refused)


def fill(server, first, end):
    """Stores the keys first..end-1 once and checks that the server holds exactly `end` of them."""
    began = time.monotonic()
    for chunk in range(first, end, LOAD_CHUNK):
        path = server.directory / "fill.requests"
        with open(path, "wb") as out:
            for number in range(chunk, min(chunk + LOAD_CHUNK, end)):
                out.write(_http(server, server.put(key(number), value(number))))
        _one_pass(server, path)
        path.unlink()
    verify_fill(server, end)
    say(f"{server.name}: {end - first:,} keys loaded in {time.monotonic() - began:.0f} s")


def _one_pass(server, path):
    """wrk stops by time only, so it is interrupted once all threads have said "pass complete"."""
    argv, environment = _wrk(server, path, LOAD_SECONDS)
    with subprocess.Popen(argv, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True) as run:
        try:
            passes = [run.stderr.readline() for _ in environment["PORTS"].split(",")]
            run.send_signal(signal.SIGINT)
            output = run.communicate()[0]
        except BaseException:
            run.kill()
            raise
    if any("pass complete" not in line for line in passes):
        raise BenchmarkError(f"loading {server.name}: {passes} {output}")
    _result(server, output)


def verify_fill(server, keys):
    """Every key is there by count, and a sample of them by value."""
    found = server.count()
    if found != keys:
        raise BenchmarkError(f"{server.name} holds {found:,} keys instead of {keys:,}")
    for number in random.sample(range(keys), VERIFIED_KEYS):
        if read(server, number) != value(number):
            raise BenchmarkError(f"{server.name} has lost or changed {key(number)}")


def verify_overwritten(server, keys):
    """After random PUTs: no key too many, and every value of a sample is one of those written."""
    found = server.count()
    answers = [read(server, number) for number in random.sample(range(keys), VERIFIED_KEYS)]
    if found != keys or any(len(a) != VALUE_BYTES or a not in _POOL for a in answers):
        raise BenchmarkError(f"{server.name} did not store what it acknowledged")


def read(server, number):
    return server.value(fetch(server.port, *server.get(key(number)), headers=server.headers))


def warm_up(server, requests, plan, most_refused=0.0, is_calm=lambda: True):
    """Windows until the last three agree within 10 %, and it is calm; False if they never did."""
    rates = []
    while len(rates) < plan.warm_most:
        seen = window(server, requests, plan.warm_window, len(rates), most_refused)
        rates.append(seen.rate)
        say(f"{server.name}: warm-up {len(rates)}: {rates[-1]:,.0f}/s")
        last = rates[-3:]
        calm = is_calm()
        if len(rates) >= plan.warm_least and max(last) <= 1.1 * min(last) and calm:
            return True
    return False


def settle(servers):
    """Waits until all is written back and the servers together use under 10 % of a CPU.

    Those of many shards use more while nobody asks for anything, as they say of themselves.
    """
    os.sync()
    processes = [process for server in servers for process in server.processes]
    at_rest = 0.1 + sum(getattr(server, "cpu_at_rest", 0) for server in servers)
    limit = int(os.sysconf("SC_CLK_TCK") * at_rest)
    for _ in range(60):
        before = sum(process.cpu_ticks() for process in processes)
        time.sleep(1)
        if sum(process.cpu_ticks() for process in processes) - before <= limit:
            return
    say("the servers are still busy after 60 s; measuring all the same")
