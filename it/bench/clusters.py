"""The clusters under test: three nodes each, every node a process of its own on this machine."""

import contextlib
import json
import time
from collections import Counter
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

    @property
    def cpu_at_rest(self):
        """Of one CPU, for all nodes: the replicas of each shard hear each other."""
        return 0.015 * int(self.environment.get("KV_SHARDS", "1"))

    def make_nodes(self):
        nodes = [self._node(name) for name in NODES]
        for node in nodes:
            node.environment |= _members(nodes)
        return nodes

    def one_more(self):
        """A further node, which is no member before it is added; not started."""
        node = self._node(f"n{len(self.nodes) + 1}")
        node.ready_path = "/health/started"  # it is not ready before
        self.nodes.append(node)
        node.environment |= {**_members(self.nodes), "KV_CLUSTER_JOIN": "true"}
        return node

    def _node(self, name):
        node = KvStore(self.directory / name, dict(self.environment))
        node.node_id, node.raft_port = name, free_port()
        node.start_seconds = self.start_seconds
        node.environment |= {"KV_HTTPS_PORT": "-1", "KV_CLUSTER_NODE": name}
        return node

    def add(self, node):
        """Makes a node that runs a member."""
        body = json.dumps({"id": node.node_id, "raftAddress": f"127.0.0.1:{node.raft_port}"})
        fetch(self.port, "POST", "/v1/admin/cluster/nodes", body.encode(),
              {"Content-Type": "application/json"})

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
        awaited(self._is_caught_up, seconds)

    def _is_caught_up(self):
        shards = [shard for node in self.nodes for shard in self.document(node)["shards"]]
        return all(shard.get("leader") for shard in shards) and all(
            not replica.get("lag") for shard in shards for replica in shard["replicas"])

    def is_even(self):
        """Whether no replica is to move, and no node has, or leads, two more than another."""
        seen = self.document()
        leaders = Counter(shard.get("leader") for shard in [*seen["shards"], seen["system"]])
        replicas = Counter(
            replica["node"] for shard in seen["shards"] for replica in shard["replicas"])
        return not seen["moves"] and None not in leaders and all(
            self._are_even(counts) for counts in (leaders, replicas))

    def _are_even(self, counts):
        each = [counts[node.node_id] for node in self.nodes]
        return max(each) - min(each) < 2


class EtcdCluster(Cluster):
    """Members of etcd behind their JSON gateways, with its defaults."""

    name, label = "etcd", "etcd JSON gateway"

    def make_nodes(self):
        nodes = [EtcdNode(self.directory / name) for name in NODES]
        peers = [f"http://127.0.0.1:{free_port()}" for _ in nodes]
        for name, node, peer in zip(NODES, nodes, peers):
            node.member = ["--name", name, "--listen-peer-urls", peer,
                           "--initial-advertise-peer-urls", peer,
                           "--initial-cluster", _list(zip(NODES, peers))]
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


def _members(nodes):
    return {
        "KV_CLUSTER_MEMBERS": _list((n.node_id, f"127.0.0.1:{n.raft_port}") for n in nodes),
        "KV_CLUSTER_URLS": _list((n.node_id, f"http://127.0.0.1:{n.port}") for n in nodes)}


def _list(addresses):
    return ",".join(f"{name}={address}" for name, address in addresses)


def awaited(condition, seconds):
    """What a condition gives once it holds, or when it has not for so long."""
    deadline = time.monotonic() + seconds
    while not (found := condition()) and time.monotonic() < deadline:
        time.sleep(0.1)
    return found


CLUSTERS = {cluster.name: cluster for cluster in (KvCluster, EtcdCluster)}
