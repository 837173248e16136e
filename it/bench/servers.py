"""The servers under test: how to start, address, inspect and stop each of them."""

import base64
import contextlib
import http.client
import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

JAR = Path(__file__).resolve().parents[2] / "liberty/target/kvstore.jar"
COMMAND = f"java -jar {shlex.quote(str(JAR))}"

METRIC_SYNCS = "kvstore_wal_syncs_total"
METRIC_ACKNOWLEDGED = "kvstore_writes_acknowledged_total"
METRIC_HEAP_USED = r'jvm_memory_used_bytes\{area="heap"\}'

START_SECONDS = 180
STOP_SECONDS = 60
WEBDIS_THREADS = 2  # as fast as it gets on 2 CPUs: 1 and 4 were tried


class BenchmarkError(Exception):
    """A failure that makes the figures worthless; the message says which one."""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def fetch(port, method, path, body=b"", headers=None):
    """The body of one answer; anything but 2xx raises."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    with contextlib.closing(connection):
        connection.request(method, path, body or None, headers or {})
        answer = connection.getresponse()
        content = answer.read()
    if answer.status // 100 != 2:
        raise BenchmarkError(f"{method} {path} answered {answer.status}: {content[:200]!r}")
    return content


class Process:
    """One started program and all of its descendants, found by process id."""

    def __init__(self, argv, log, environment=None):
        self.log = log
        with open(log, "ab") as output:
            # A session of its own: Ctrl-C reaches only the benchmark, which stops all in order.
            self.popen = subprocess.Popen(
                argv, stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd=log.parent,
                env={**os.environ, **(environment or {})}, start_new_session=True)

    def pids(self):
        children = {}
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                parent = int(stat.read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
            children.setdefault(parent, []).append(int(stat.parent.name))
        found = [self.popen.pid]
        for pid in found:
            found.extend(children.get(pid, []))
        return found

    def cpu_ticks(self):
        total = 0
        for pid in self.pids():
            try:
                fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            total += int(fields[11]) + int(fields[12])
        return total

    def memory_of(self, program):
        """(VmRSS, VmHWM) in bytes of the largest process of the tree that runs the program."""
        sizes = [(0, 0)]
        for pid in self.pids():
            try:
                status = Path(f"/proc/{pid}/status").read_text()
            except OSError:
                continue
            fields = dict(re.findall(r"^(\w+):\s+(\S+)", status, re.MULTILINE))
            if fields["Name"] == program and "VmRSS" in fields:
                sizes.append((int(fields["VmRSS"]) * 1024, int(fields["VmHWM"]) * 1024))
        return max(sizes)

    def stop(self):
        pids = self.pids()
        self.popen.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS
        while time.monotonic() < deadline and any(map(self._runs, pids)):
            self.popen.poll()
            time.sleep(0.05)
        for pid in filter(self._runs, pids):
            print(f"process {pid} ({self.log}) did not stop by itself: killed", file=sys.stderr)
            os.kill(pid, signal.SIGKILL)
        self.popen.wait()

    def _runs(self, pid):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return False
        return state != "Z"


class Server:
    """What the measurements need to know of a server. Subclasses say how it is spoken to."""

    name = label = ready_path = ""
    start_seconds = START_SECONDS

    def __init__(self, directory, environment=None):
        self.directory = directory
        self.environment = environment or {}
        self.headers = {}  # sent with each request
        self.processes = []
        self.port = free_port()
        directory.mkdir(parents=True)

    def start(self):
        """Starts the server; returns the seconds from exec to the first 200 of its ready path."""
        started = time.monotonic()
        self.launch()
        return self.await_ready(started)

    def await_ready(self, started):
        """Waits for the first 200 of its ready path; returns the seconds since it was started."""
        while True:
            try:
                self.require_ready()
                return time.monotonic() - started
            except (OSError, http.client.HTTPException, BenchmarkError):
                self._still_starting(started)
                time.sleep(0.02)

    def require_ready(self):
        """Raises while it is not."""
        fetch(self.port, "GET", self.ready_path)

    def _still_starting(self, started):
        for process in self.processes:
            if process.popen.poll() is not None or time.monotonic() - started > self.start_seconds:
                tail = process.log.read_text(errors="replace").splitlines()[-20:]
                raise BenchmarkError("\n".join([f"{self.name} did not get ready:", *tail]))

    @property
    def ports(self):
        """Where the load goes, spread evenly."""
        return [self.port]

    def run(self, argv, log, environment=None):
        self.processes.append(Process(argv, self.directory / log, environment))

    def stop(self):
        while self.processes:
            self.processes.pop().stop()

    def launch(self):
        raise NotImplementedError

    def get(self, key):
        """(method, path, body) that reads the key."""
        raise NotImplementedError

    def put(self, key, value):
        """(method, path, body) that stores the value durably."""
        raise NotImplementedError

    def value(self, answer):
        """The stored value out of an answer to get."""
        raise NotImplementedError

    def count(self):
        """How many keys the server holds."""
        raise NotImplementedError


class KvStore(Server):
    """This service. `command` may name another way to start it, with the same KV_* variables."""

    name, label, ready_path = "kvstore", "this service", "/health/ready"
    command = COMMAND

    def launch(self):
        if self.command == COMMAND and not JAR.exists():
            raise BenchmarkError(f"{JAR} is missing: build it first (mvn package)")
        self.run(shlex.split(self.command), "log", {
            "KV_HTTP_PORT": str(self.port),
            "KV_HTTPS_PORT": str(free_port()),
            "KV_DATA_DIR": str(self.directory / "data"),
            "WLP_JAR_EXTRACT_ROOT": str(self.directory), **self.environment})

    def get(self, key):
        return "GET", f"/v1/kv/{key}", b""

    def put(self, key, value):
        return "PUT", f"/v1/kv/{key}", value

    def value(self, answer):
        return answer

    def count(self):
        return int(json.loads(fetch(self.port, "GET", "/v1/kv?countOnly=true&prefix=key:", headers=self.headers))["count"])

    def metric(self, name):
        """The sum of a metric over its labels."""
        text = fetch(self.port, "GET", "/metrics", headers=self.headers).decode()
        samples = re.findall(rf"^{name}(?:\{{.*\}})?\s+(\S+)", text, re.MULTILINE)
        if not samples:
            raise BenchmarkError(f"/metrics has no {name}")
        return sum(map(float, samples))

    def memory(self):
        resident, peak = self.processes[0].memory_of("java")
        return {"heap used": self.metric(METRIC_HEAP_USED), "resident": resident, "peak": peak}


class Etcd(Server):
    """etcd through its JSON gateway, with its defaults: linearizable reads, an fsync per batch."""

    name, label, ready_path = "etcd", "etcd JSON gateway", "/health"

    def launch(self):
        client = f"http://127.0.0.1:{self.port}"
        self.run(
            ["etcd", "--data-dir", "data", "--log-level", "warn", "--logger", "zap",
             "--listen-client-urls", client, "--advertise-client-urls", client,
             *self.peer_arguments(), "--quota-backend-bytes", str(8 << 30)], "log")

    def peer_arguments(self):
        """Where other members reach it, and who they are: it is the only one."""
        peer = f"http://127.0.0.1:{free_port()}"
        return ["--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer,
                "--initial-cluster", f"default={peer}"]

    def get(self, key):
        return "POST", "/v3/kv/range", b'{"key":"%s"}' % base64.b64encode(key.encode())

    def put(self, key, value):
        pair = base64.b64encode(key.encode()), base64.b64encode(value)
        return "POST", "/v3/kv/put", b'{"key":"%s","value":"%s"}' % pair

    def value(self, answer):
        return base64.b64decode(json.loads(answer)["kvs"][0]["value"])

    def count(self):
        body = b'{"key":"AA==","range_end":"AA==","count_only":true}'
        return int(json.loads(fetch(self.port, "POST", "/v3/kv/range", body)).get("count", 0))


class Redis(Server):
    """Redis that fsyncs before it answers, spoken to by its own protocol."""

    name, label = "redis", "Redis"

    def launch(self):
        self.run_redis(self.port)

    def run_redis(self, port):
        self.run(
            ["redis-server", "--bind", "127.0.0.1", "--port", str(port), "--daemonize", "no",
             "--dir", str(self.directory), "--save", "", "--appendonly", "yes",
             "--appendfsync", "always"], "redis.log")

    def require_ready(self):
        with socket.create_connection(("127.0.0.1", self.port), timeout=1) as probe:
            probe.sendall(b"PING\r\n")
            if probe.recv(16) != b"+PONG\r\n":
                raise BenchmarkError("Redis does not answer PING")


class Webdis(Redis):
    """Redis that fsyncs before it answers, behind webdis, which makes HTTP of it."""

    name, label, ready_path = "webdis", "webdis + Redis", "/PING"

    def launch(self):
        redis_port = free_port()
        self.run_redis(redis_port)
        settings = {
            "redis_host": "127.0.0.1", "redis_port": redis_port, "http_host": "127.0.0.1",
            "http_port": self.port, "threads": WEBDIS_THREADS, "pool_size": 20, "database": 0,
            "daemonize": False, "websockets": False, "verbosity": 0, "logfile": "/dev/null"}
        (self.directory / "webdis.json").write_text(json.dumps(settings))
        self.run(["webdis", "webdis.json"], "webdis.log")

    def require_ready(self):
        Server.require_ready(self)

    def get(self, key):
        return "GET", f"/GET/{key}.txt", b""

    def put(self, key, value):
        return "PUT", f"/SET/{key}", value

    def value(self, answer):
        return answer

    def count(self):
        return int(json.loads(fetch(self.port, "GET", "/DBSIZE"))["DBSIZE"])


SERVERS = {server.name: server for server in (KvStore, Etcd, Webdis)}
