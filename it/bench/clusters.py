"""The clusters under test: three nodes each, every node a process of its own on this machine."""

import contextlib
import json
import time
from pathlib import Path

from servers import START_SECONDS, Etcd, KvStore, Server, fetch, free_port

NODES = ("n1", "n2", "n3")


class Cluster(Server):
    """Some nodes that are addressed as one server: the load is spread over all of them."""

    start_seconds = 3 * START_SECONDS  # they share the CPUs

    def __init__(self, directory, environment=None):
        super().__init__(directory, environment)
        self.nodes = self.make_nodes()
        self.port = self.nodes[0].port

    @property
    def ports(self):
        return [node.port for node in self.nodes]

    @property
    def processes(self):
        return [process for node in self.nodes for process in node.processes]

    @processes.setter
    def processes(self, none):
        """They are the nodes'."""

    def launch(self):
        for node in self.nodes:
            node.launch()

    def require_ready(self):
        for node in self.nodes:
            node.require_ready()

    def stop(self):
        for node in self.nodes:
            node.stop()

    def get(self, key):
        return self.nodes[0].get(key)

    def put(self, key, value):
        return self.nodes[0].put(key, value)

    def value(self, answer):
        return self.nodes[0].value(answer)

    def count(self):
        return self.nodes[0].count()

    def cpu_ticks(self):
        return sum(process.cpu_ticks() for process in self.processes)

    def compiler_ticks(self):
        """CPU that the JIT compilers have used; only differences say something."""
        return 0


class KvCluster(Cluster):
    """Nodes of this service, with the settings that a node has by default."""

    name, label = "kvstore", "this service"

    def make_nodes(self):
        nodes = [KvStore(self.directory / name, dict(self.environment)) for name in NODES]
        raft = [free_port() for _ in nodes]
        for name, node in zip(NODES, nodes):
            node.node_id = name
            node.start_seconds = self.start_seconds
            node.environment |= {
                "KV_HTTPS_PORT": "-1",
                "KV_CLUSTER_NODE": name,
                "KV_CLUSTER_MEMBERS": _list(f"127.0.0.1:{port}" for port in raft),
                "KV_CLUSTER_URLS": _list(f"http://127.0.0.1:{each.port}" for each in nodes)}
        return nodes

    def compiler_ticks(self):
        pids = [pid for process in self.processes for pid in process.pids()]
        return sum(_compiler_ticks(pid) for pid in pids)

    def urls(self):
        return ",".join(f"http://127.0.0.1:{port}" for port in self.ports)

    def document(self, node=None):
        """What a node says of the cluster."""
        return json.loads(fetch((node or self.nodes[0]).port, "GET", "/v1/cluster"))

    def leader(self, shard):
        """The node that leads a shard; None while nobody does."""
        wanted = self.document()["shards"][shard].get("leader")
        return next((node for node in self.nodes if node.node_id == wanted), None)

    def led_by(self, node):
        """The numbers of the shards that a node leads."""
        shards = self.document(node)["shards"]
        return [shard["number"] for shard in shards if shard.get("leader") == node.node_id]

    def await_caught_up(self, seconds):
        """Waits until every shard has a leader and no replica lags, for so long at the most."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            shards = [self.document(node)["shards"] for node in self.nodes]
            if all(shard.get("leader") for seen in shards for shard in seen) and all(
                    not replica.get("lag") for seen in shards for shard in seen
                    for replica in shard["replicas"]):
                return
            time.sleep(0.2)


class EtcdCluster(Cluster):
    """Members of etcd behind their JSON gateways, with its defaults."""

    name, label = "etcd", "etcd JSON gateway"

    def make_nodes(self):
        nodes = [EtcdNode(self.directory / name) for name in NODES]
        peers = [f"http://127.0.0.1:{free_port()}" for _ in nodes]
        for name, node, peer in zip(NODES, nodes, peers):
            node.member = ["--name", name, "--listen-peer-urls", peer,
                           "--initial-advertise-peer-urls", peer,
                           "--initial-cluster", _list(peers)]
        return nodes


class EtcdNode(Etcd):
    """One member."""

    member = ()

    def peer_arguments(self):
        return self.member


def _compiler_ticks(pid):
    ticks = 0
    for stat in Path(f"/proc/{pid}/task").glob("*/stat"):
        with contextlib.suppress(OSError):  # the thread has ended
            head, _, rest = stat.read_text().rpartition(")")
            if "CompilerThre" in head:
                fields = rest.split()
                ticks += int(fields[11]) + int(fields[12])
    return ticks


def _list(addresses):
    return ",".join(f"{name}={address}" for name, address in zip(NODES, addresses))


CLUSTERS = {cluster.name: cluster for cluster in (KvCluster, EtcdCluster)}
