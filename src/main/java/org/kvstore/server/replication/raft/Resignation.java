package org.kvstore.server.replication.raft;

import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.apache.ratis.protocol.ClientId;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.protocol.TransferLeadershipRequest;
import org.apache.ratis.server.RaftServer;

/** A leader that is about to stop has the member lead that lags the least. */
final class Resignation {
  private static final Logger LOG = System.getLogger(Resignation.class.getName());

  /** How long another node may take to lead. */
  private static final long TRANSFER_MILLIS = 1_500;

  private Resignation() {}

  /**
   * Of all shards at once; what is not handed over in time is elected for.
   *
   * @param isDrained whether a node is to lead nothing
   */
  static void from(
      RaftServer server, Collection<ShardReplica> replicas, Predicate<String> isDrained) {
    List<CompletableFuture<?>> transfers = new ArrayList<>();
    for (ShardReplica replica : replicas) {
      String next = replica.observer().successor(isDrained);
      if (next != null) {
        transfers.add(transfer(server, replica, next));
      }
    }
    CompletableFuture<?> all = CompletableFuture.allOf(transfers.toArray(CompletableFuture[]::new));
    all.exceptionally(failure -> null)
        .completeOnTimeout(null, 2 * TRANSFER_MILLIS, TimeUnit.MILLISECONDS)
        .join();
  }

  private static CompletableFuture<?> transfer(
      RaftServer server, ShardReplica replica, String next) {
    TransferLeadershipRequest request =
        new TransferLeadershipRequest(
            ClientId.randomId(),
            server.getId(),
            replica.group(),
            0,
            RaftPeerId.valueOf(next),
            TRANSFER_MILLIS);
    try {
      return server.transferLeadershipAsync(request);
    } catch (IOException | RuntimeException e) {
      LOG.log(Level.INFO, "A shard is not handed over. shard={0}", replica.shard(), e);
      return CompletableFuture.completedFuture(null);
    }
  }
}
