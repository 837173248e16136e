package org.kvstore.server.replication.raft;

import java.io.IOException;
import java.util.Collection;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.apache.ratis.protocol.RaftGroupId;
import org.apache.ratis.protocol.RaftPeer;
import org.apache.ratis.protocol.RaftPeerId;
import org.jspecify.annotations.Nullable;

/**
 * Asks a leader how it stands, and a majority of those who vote, itself among them, whether it
 * leads still (Ongaro, Consensus: Bridging Theory and Practice, section 6.4). All are asked after
 * the call. A leader of a later term would have been elected by a majority, and at least one of
 * those asked would be of its term: so what the leader says held when the call came, or later.
 *
 * <p>Each is of one call. The monitor guards what the voters have said.
 */
final class Confirmation {
  private final Standings standings;
  private final RaftGroupId group;
  private final RaftPeer leader;
  private final CompletableFuture<Standing> result = new CompletableFuture<>();
  private final Set<RaftPeerId> confirmed = new HashSet<>();
  private int asked;
  private boolean isMajority;

  private Confirmation(Standings standings, RaftGroupId group, RaftPeer leader) {
    this.standings = standings;
    this.group = group;
    this.leader = leader;
  }

  /**
   * What a leader says, confirmed by others.
   *
   * @return completed on a thread that must not be blocked; fails when there is no majority
   */
  static CompletableFuture<Standing> ofOthers(
      Standings standings, RaftGroupId group, RaftPeer leader) {
    return new Confirmation(standings, group, leader).begin(() -> null);
  }

  /**
   * The same, where this node's replica counts: for the leader if it votes, and against it if it is
   * of a later term.
   */
  static CompletableFuture<Standing> ofAll(
      Standings standings, RaftGroupId group, RaftPeer leader) {
    return new Confirmation(standings, group, leader).begin(() -> standings.own(group));
  }

  private CompletableFuture<Standing> begin(Supplier<@Nullable Standing> own) {
    guard(
        () ->
            standings
                .ask(leader, group)
                .whenComplete(
                    (leads, failure) -> {
                      if (failure != null) {
                        result.completeExceptionally(failure);
                      } else if (!leads.leads()) {
                        fail(leader.getId() + " does not lead.");
                      } else {
                        guard(() -> confirm(leads, own.get()));
                      }
                    }));
    return result;
  }

  private void confirm(Standing leads, @Nullable Standing own) {
    confirmed.add(leader.getId());
    if (own != null && own.term() > leads.term()) {
      fail("There is a later term.");
      return;
    }
    if (own != null && own.confirms(leads, standings.self())) {
      confirmed.add(standings.self());
    }
    if (leads.isMajority(confirmed)) {
      result.complete(leads);
      return;
    }
    Collection<RaftPeer> others =
        leads.allVoters().stream().filter(peer -> !confirmed.contains(peer.getId())).toList();
    asked = others.size();
    if (others.isEmpty()) {
      fail("There is no majority.");
    }
    for (RaftPeer other : others) {
      standings
          .ask(other, group)
          .whenComplete((its, failure) -> guard(() -> heard(leads, other, its, failure)));
    }
  }

  private void heard(
      Standing leads, RaftPeer from, @Nullable Standing its, @Nullable Throwable failure) {
    boolean isEnough;
    synchronized (this) {
      asked--;
      if (its != null && its.confirms(leads, from.getId())) {
        confirmed.add(from.getId());
      }
      isEnough = !isMajority && leads.isMajority(confirmed);
      isMajority |= isEnough;
      if (!isMajority && asked == 0) {
        result.completeExceptionally(
            failure == null ? new IOException("There is another term.") : failure);
      }
    }
    if (isEnough) {
      result.complete(leads);
    }
  }

  private void fail(String why) {
    result.completeExceptionally(new IOException(why));
  }

  /** What throws has no answer. */
  private void guard(Runnable task) {
    try {
      task.run();
    } catch (RuntimeException e) {
      result.completeExceptionally(e);
    }
  }
}
