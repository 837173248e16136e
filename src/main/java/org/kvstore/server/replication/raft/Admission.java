package org.kvstore.server.replication.raft;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.List;

/**
 * Has a node without any log begin as soon as it may, by what the others say, and notices when it
 * belongs to the cluster no more. A node that has taken part before and has lost its log must not
 * begin: it may have promised what it has forgotten.
 */
final class Admission {
  private static final Logger LOG = System.getLogger(Admission.class.getName());

  private final ClusterOptions options;
  private final Peers peers;
  private final Participation participation;
  private final ReplicaFailures failures;

  /** What was logged last of why this node takes no part; of the thread that asks. */
  private String alarm = "";

  Admission(
      ClusterOptions options, Peers peers, Participation participation, ReplicaFailures failures) {
    this.options = options;
    this.peers = peers;
    this.participation = participation;
    this.failures = failures;
  }

  /** By one thread, now and then; nothing begins when it has begun. */
  void beginIfItMay() {
    if (participation.hasBegun()) {
      failures.nodeWaits(reasonOfStranger());
      return;
    }
    String reason = reasonToWait();
    failures.nodeWaits(reason);
    if (reason.isEmpty()) {
      try {
        participation.beginFirst();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  /**
   * Why a node without any log must not begin yet; empty when it may.
   *
   * <p>One that joins begins with no part, once one who hears a leader is there and nobody has it
   * among the members of any shard. A founder begins when nobody knows it, and all other founders
   * have never heard of anybody either, or one of them hears a leader.
   */
  private String reasonToWait() {
    List<PeerInfo> infos = peers.said();
    String namesake = addressOfNamesake(infos);
    if (!namesake.isEmpty()) {
      return alarm(namesake(namesake));
    }
    return options.joins() ? reasonOfJoiner(infos) : reasonOfFounder(infos);
  }

  /** Where the members of the cluster have a node of this one's id, if that is elsewhere. */
  private String addressOfNamesake(List<PeerInfo> infos) {
    return infos.stream()
        .filter(PeerInfo::hasLeader)
        .flatMap(info -> info.members().stream())
        .filter(member -> member.id().equals(options.self()))
        .map(Member::raftAddress)
        .filter(address -> !address.equals(options.own().raftAddress()))
        .findFirst()
        .orElse("");
  }

  private String namesake(String address) {
    return ("The cluster has a node %1$s already, at %2$s, and this one is at %3$s. An id is one"
            + " node's: give this one another in kv.cluster.node and kv.cluster.members, and let it join"
            + " (kv.cluster.join=true). If it takes the place of that one, remove that one first"
            + " (kv cluster remove %1$s).")
        .formatted(options.self(), address, options.own().raftAddress());
  }

  private String reasonOfJoiner(List<PeerInfo> infos) {
    if (infos.stream().anyMatch(PeerInfo::listsYou)) {
      return alarm(lost());
    }
    return infos.stream().anyMatch(PeerInfo::hasLeader)
        ? ""
        : "It waits for a node of the cluster that is to take it in.";
  }

  private String reasonOfFounder(List<PeerInfo> infos) {
    if (infos.stream().anyMatch(PeerInfo::knowsYou)) {
      return alarm(lost());
    }
    boolean areAllFresh =
        infos.size() == options.members().size() - 1 && infos.stream().allMatch(PeerInfo::isFresh);
    return areAllFresh || infos.stream().anyMatch(PeerInfo::hasLeader)
        ? ""
        : "It waits for all that found the cluster with it, which have to be there the first time.";
  }

  private String lost() {
    return ("The node %1$s has taken part in this cluster, and its data is gone; it must not vote."
            + " Remove it from the cluster (kv cluster remove %1$s) and wait until that is done; start"
            + " it with kv.cluster.join=true, and add it (kv cluster add %1$s=%2$s): the others send"
            + " it everything.")
        .formatted(options.self(), options.own().raftAddress());
  }

  /** Why a node that has begun is led by nobody; empty when it is a member, as far as is known. */
  private String reasonOfStranger() {
    boolean isStranger =
        peers.said().stream().anyMatch(info -> info.hasLeader() && !info.lists(options.self()));
    if (!isStranger) {
      return "";
    }
    return options.joins()
        ? "The node %1$s waits to be made a member: kv cluster add %1$s=%2$s."
            .formatted(options.self(), options.own().raftAddress())
        : alarm(
            ("The node %s was removed from its cluster. Stop it; to take part again it starts with a"
                    + " new data directory and kv.cluster.join=true.")
                .formatted(options.self()));
  }

  /** Logs, once, what goes on until somebody does something about it. */
  private String alarm(String reason) {
    if (!reason.equals(alarm)) {
      alarm = reason;
      LOG.log(Level.ERROR, reason);
    }
    return reason;
  }
}
