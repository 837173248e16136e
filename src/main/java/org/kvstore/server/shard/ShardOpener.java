package org.kvstore.server.shard;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ScheduledExecutorService;
import org.kvstore.server.model.ShardNumber;
import org.kvstore.server.replication.raft.ClusterOptions;
import org.kvstore.server.replication.raft.ReplicasAtStart;
import org.kvstore.server.store.CommitListener;
import org.kvstore.server.store.DataDirectory;
import org.kvstore.server.store.StoreOptions;

/** Opens the stores of a node: that of a single server, or those of a node of a cluster. */
public final class ShardOpener {
  private final DataDirectory directory;
  private final StoreOptions options;
  private final Shard.Setup setup;

  /**
   * @param options of a single store in the whole directory; several share its memory
   */
  public ShardOpener(DataDirectory directory, StoreOptions options, Shard.Setup setup) {
    this.directory = directory;
    this.options = options;
    this.setup = setup;
  }

  /** The one shard of a single server, which has the server's own entries too. */
  public Shards single() {
    ClusterMark.require(directory, null, true);
    CommitListener all = setup.system().then(setup.entries());
    Shard only = Shard.open(0, options.in(directory.shard(0)), begin(), all, setup);
    return new Shards(List.of(only), only, directory.storeId(), new LocalReplication(setup));
  }

  /** The shards of a node of a cluster, and one of the server's own entries. */
  public Shards replicated(ClusterOptions cluster, int count, ScheduledExecutorService timer) {
    ReplicasAtStart atStart = ReplicasAtStart.of(cluster);
    ClusterMark mark =
        new ClusterMark(cluster.clusterId(), cluster.self(), cluster.own().raftAddress(), count);
    ClusterMark.require(directory, mark, atStart.hasBegun());
    StoreOptions each = options.sharedBy(count + 1).withReplicatedLog();
    Shard.Setup shared = setup.sharedBy(count + 1);
    List<Shard> opened = new ArrayList<>();
    try {
      for (int number = 0; number < count; number++) {
        StoreOptions own = each.in(directory.shard(number)).of(new ShardNumber(number, count));
        Shard.Begin begin = begin(atStart, number);
        opened.add(Shard.open(number, own, begin, setup.entries(), shared));
      }
      StoreOptions system = each.in(directory.system());
      opened.add(Shard.open(count, system, begin(atStart, count), setup.system(), shared));
    } catch (RuntimeException e) {
      opened.forEach(Shard::close);
      throw e;
    }
    return new Shards(
        opened.subList(0, count),
        opened.get(count),
        cluster.clusterId(),
        new RaftReplication(cluster, shared, timer));
  }

  private Shard.Begin begin() {
    return directory.isNew() ? Shard.Begin.NEW : Shard.Begin.OPEN;
  }

  private Shard.Begin begin(ReplicasAtStart atStart, int shard) {
    if (atStart.coming().contains(shard)) {
      return Shard.Begin.COMING;
    }
    return atStart.here().contains(shard) ? begin() : Shard.Begin.ELSEWHERE;
  }
}
