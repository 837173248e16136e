"""Very many keys on a cluster: loading, disk, memory, and what reads are like then."""

import time
from concurrent.futures import ThreadPoolExecutor

import bulk
import load
from disk import disk_bytes
from load import say

VALUE_BYTES = 20
CHUNK = 500_000  # lines of a batch
MOST_P99_RATIO = 2.0
SMALL_KEYS = 10_000


def measure(cluster, targets, keys, plan):
    seconds = fill(cluster, keys)
    targets.shown(f"{keys:,} keys of 11 bytes with values of {VALUE_BYTES}, loaded in",
                  f"{seconds:,.0f} s, {keys / seconds:,.0f}/s")
    targets.equal("keys counted", cluster.count(), keys)
    load.settle([cluster])
    memory(cluster, targets, "after loading")
    disk(cluster, targets, keys)
    latency(cluster, targets, keys, plan)
    memory(cluster, targets, "after reading")


def fill(cluster, keys):
    """Batches to all nodes at once, one to each; returns the seconds from sending to answers."""
    seconds = 0
    chunks = [range(first, min(first + CHUNK, keys)) for first in range(0, keys, CHUNK)]
    for index in range(0, len(chunks), len(cluster.nodes)):
        some = list(zip(cluster.nodes, chunks[index:index + len(cluster.nodes)]))
        paths = [bulk.batch_file(node, "put", chunk, VALUE_BYTES) for node, chunk in some]
        began = time.monotonic()
        with ThreadPoolExecutor(len(some)) as pool:
            sent = [pool.submit(bulk.run_batch, node, path, len(chunk))
                    for (node, chunk), path in zip(some, paths)]
        for each in sent:
            each.result()
        seconds += time.monotonic() - began
        say(f"{some[-1][1].stop:,} keys loaded in {seconds:,.0f} s")
    return seconds


def memory(cluster, targets, when):
    for node in cluster.nodes:
        found = node.memory()
        heap, resident, peak = (found[f] / 2**20 for f in ("heap used", "resident", "peak"))
        targets.shown(f"memory of {node.node_id} {when}",
                      f"resident {resident:,.0f} MB (peak {peak:,.0f} MB), heap {heap:,.0f} MB")


def disk(cluster, targets, keys):
    for node in cluster.nodes:
        size = disk_bytes(node.directory / "data")
        targets.shown(f"disk of {node.node_id}", f"{size / 2**20:,.0f} MB, {size / keys:.0f} bytes a key")


def latency(cluster, targets, keys, plan):
    """GETs of a few of the keys, which are in memory, and of all."""
    p99 = {}
    for among in (min(SMALL_KEYS, keys), keys):
        requests = load.sample(cluster, "get", among, load.SAMPLE, most=load.SAMPLE)
        load.warm_up(cluster, requests, plan, most_refused=1)
        seen = [load.window(cluster, requests, plan.window, n) for n in range(plan.rounds)]
        rate, p50, p99[among] = (sorted(getattr(w, f) for w in seen)[len(seen) // 2]
                                 for f in ("rate", "p50", "p99"))
        targets.shown(f"GET among {among:,} of them",
                      f"{rate:,.0f}/s, p50 {p50:.1f} ms, p99 {p99[among]:.1f} ms")
    few, all_of_them = p99.values() if len(p99) == 2 else 2 * list(p99.values())
    targets.at_most("GET p99 among all to that among few", all_of_them / few, MOST_P99_RATIO, "x")
