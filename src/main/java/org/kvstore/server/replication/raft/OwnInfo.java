package org.kvstore.server.replication.raft;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.apache.ratis.server.RaftServer;
import org.jspecify.annotations.Nullable;

/**
 * What this node says of itself to the others, as of the moment when it is asked; what its replicas
 * say, as of a moment before at the most. Any thread may ask.
 */
final class OwnInfo {
  private static final long WORDS_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

  private final ClusterOptions options;
  private final Replicas replicas;
  private final Registry registry;
  private final KnownPeers known;
  private volatile boolean isDrained;

  /** They are asked for often, and take a while to find where there are many shards. */
  private volatile @Nullable Words words;

  private record Words(List<ShardWord> all, long at) {}

  OwnInfo(ClusterOptions options, Replicas replicas, Registry registry, KnownPeers known) {
    this.options = options;
    this.replicas = replicas;
    this.registry = registry;
    this.known = known;
  }

  /** The answer to another node's question. */
  byte[] answer(byte[] question) {
    return to(new String(question, StandardCharsets.UTF_8), recentWords()).toBytes();
  }

  /** What it says to nobody else, without what its replicas say. */
  PeerInfo now() {
    return to("", List.of());
  }

  private List<ShardWord> recentWords() {
    long now = System.nanoTime();
    Words last = words;
    if (last == null || now - last.at() > WORDS_NANOS) {
      last = new Words(replicas.words(), now);
      words = last;
    }
    return last.all();
  }

  private PeerInfo to(String asker, List<ShardWord> itsWords) {
    RaftServer.Division division = registry.division();
    boolean hasLeader =
        division != null
            && division.getInfo().getLeaderId() != null
            && Observer.hasQuorum(division);
    return new PeerInfo(
        options.clusterId(),
        options.shards(),
        options.factor(),
        options.keys().ids(),
        options.self(),
        options.url(),
        isDrained,
        known.isEmpty() && replicas.haveNoLog(),
        hasLeader,
        known.contains(asker),
        replicas.list(asker),
        options.joins() && replicas.haveBegun() && replicas.haveNoLog(),
        registry.members(),
        itsWords);
  }

  /** Has this node lead nothing, or no longer so. */
  void drain(boolean drained) {
    isDrained = drained;
  }

  /** Another node has been told to drain this one, or no longer to. */
  byte[] drainedBy(byte[] question) {
    drain(question.length == 1 && question[0] == 1);
    return question;
  }

  boolean isDrained() {
    return isDrained;
  }
}
