package org.kvstore.server.replication.raft;

import java.time.Duration;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.apache.ratis.proto.RaftProtos.CommitInfoProto;
import org.apache.ratis.proto.RaftProtos.RoleInfoProto;
import org.apache.ratis.proto.RaftProtos.ServerRpcProto;
import org.apache.ratis.protocol.RaftPeer;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.server.RaftServer;
import org.apache.ratis.server.protocol.TermIndex;
import org.apache.ratis.util.LifeCycle;
import org.jspecify.annotations.Nullable;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.replication.raft.ShardStatus.Replica;
import org.kvstore.server.replication.raft.ShardStatus.Role;

/**
 * What can be seen of a shard at this node.
 *
 * <p>A replica is current as of a leader's message when it has applied all that the leader had
 * committed when it sent that; the leader itself, as of the time when a majority last answered it.
 * How long a message was on its way is not counted, as nobody knows; but those that come right
 * after a long silence do not count, as they may have waited for one or the other side to run
 * again. A message says nothing before an entry of the leader's own term is applied: until then the
 * leader may not know itself of all that the one before it had committed. Raft's own word of when
 * it last heard of the leader does not serve: it counts messages that did not fit the replica's
 * log.
 *
 * <p>The monitor guards which messages count; it is held for no longer than to look at them.
 */
final class Observer {
  private static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

  /** Longer than between two messages. What comes after such a silence may have been held up... */
  private static final long SILENCE_NANOS = TimeUnit.SECONDS.toNanos(2);

  /** ...as all may that come within this time after it. */
  private static final long DOUBT_NANOS = TimeUnit.SECONDS.toNanos(1);

  private static final String ENDED =
      "The replica does not run. If the node runs for long, its log says why; start it again.";

  private final int shard;
  private final Supplier<RaftServer.@Nullable Division> division;
  private final Supplier<@Nullable KeyValueException> failure;
  private volatile long lookedAt;
  private volatile long currentAt;
  private volatile boolean wasCurrent;

  /** The newest message. */
  private @Nullable News newest;

  private boolean hasHeard;

  /** When the newest came. */
  private long heardAt;

  /** Until when none counts. */
  private long doubtedUntil;

  /**
   * An earlier one, whose entries are not applied yet: under load those of the newest never are.
   */
  private @Nullable News awaited;

  /**
   * A leader's message.
   *
   * @param committed the newest index that it had committed
   * @param at {@link System#nanoTime} when it came
   */
  private record News(long term, long committed, long at) {
    boolean isShownBy(TermIndex applied) {
      return applied.getTerm() == term && applied.getIndex() >= committed;
    }
  }

  /**
   * @param division the replica as Raft sees it; null while it takes no part
   * @param failure why it takes none; null while it does
   */
  Observer(
      int shard,
      Supplier<RaftServer.@Nullable Division> division,
      Supplier<@Nullable KeyValueException> failure) {
    this.shard = shard;
    this.division = division;
    this.failure = failure;
    lookedAt = System.nanoTime() - LOOK_NANOS;
    doubtedUntil = lookedAt;
  }

  /** How long ago the replica was current; null when it has not been since the start. */
  @Nullable Duration age() {
    look();
    return wasCurrent ? Duration.ofNanos(System.nanoTime() - currentAt) : null;
  }

  /**
   * How far the replica's log is committed, and on the disk: an index; -1 while it does not run.
   */
  long committed() {
    RaftServer.Division seen = division.get();
    return seen == null ? -1 : seen.getRaftLog().getLastCommittedIndex();
  }

  /** Whether the replica runs and is a member. */
  boolean takesPart() {
    RaftServer.Division seen = division.get();
    return seen != null && takesPart(seen);
  }

  /** Whether the replica has been current since the start; one that leads is. */
  boolean hasCaughtUp() {
    RaftServer.Division seen = division.get();
    return seen != null && seen.getInfo().isLeaderReady() || age() != null;
  }

  /** To be called several times a second: what is seen then is remembered when it is gone. */
  void lookNowAndThen() {
    if (System.nanoTime() - lookedAt > LOOK_NANOS) {
      look();
    }
  }

  /**
   * A leader's message has come, which Raft has not handled yet.
   *
   * @param committed the newest index that the leader had committed
   */
  synchronized void heard(long term, long committed) {
    long now = System.nanoTime();
    if (hasHeard && now - heardAt > SILENCE_NANOS) {
      doubtedUntil = now + DOUBT_NANOS;
    }
    hasHeard = true;
    heardAt = now;
    if (now - doubtedUntil < 0 || isOld(term, committed)) {
      return;
    }
    if (awaited != null && awaited.at() < now - LOOK_NANOS) {
      look();
    }
    newest = new News(term, committed, now);
    if (awaited == null || awaited.term() < term) {
      awaited = newest;
    }
  }

  /** Messages of a leader may pass each other, and one of a leader before may be late. */
  private boolean isOld(long term, long committed) {
    return newest != null
        && (newest.term() > term || newest.term() == term && newest.committed() > committed);
  }

  private synchronized void look() {
    long now = System.nanoTime();
    lookedAt = now;
    RaftServer.Division seen = division.get();
    if (seen == null || seen.getInfo().getLeaderId() == null || !takesPart(seen)) {
      return;
    }
    if (!seen.getInfo().isLeader()) {
      lookAtNews(seen);
      return;
    }
    long silent = silentMillis(seen);
    if (silent >= 0
        && seen.getInfo().getLastAppliedIndex() >= seen.getRaftLog().getLastCommittedIndex()) {
      isCurrent(now - TimeUnit.MILLISECONDS.toNanos(silent));
    }
  }

  private void lookAtNews(RaftServer.Division seen) {
    TermIndex applied = seen.getStateMachine().getLastAppliedTermIndex();
    if (newest == null || newest.term() != seen.getInfo().getCurrentTerm() || applied == null) {
      return;
    }
    if (newest.isShownBy(applied)) {
      isCurrent(newest.at());
      awaited = null;
    } else if (awaited == null) {
      awaited = newest;
    } else if (awaited.isShownBy(applied)) {
      isCurrent(awaited.at());
      awaited = newest;
    }
  }

  private void isCurrent(long at) {
    currentAt = wasCurrent ? Math.max(currentAt, at) : at;
    wasCurrent = true;
  }

  /** One that is sent everything does not yet. */
  private static boolean takesPart(RaftServer.Division division) {
    return division.getInfo().getLifeCycleState() == LifeCycle.State.RUNNING
        && division.getRaftConf().getPeer(division.getId()) != null;
  }

  /** Whether a follower has heard of the leader of late, or the leader of a majority. */
  static boolean hasQuorum(RaftServer.Division division) {
    return hasHeard(division, RaftSettings.ELECTION_MILLIS);
  }

  /** The same within a time. */
  static boolean hasHeard(RaftServer.Division division, long millis) {
    long silent = silentMillis(division);
    return silent >= 0 && silent <= millis;
  }

  /** How long ago a follower heard of the leader, or the leader of a majority; -1 if not known. */
  private static long silentMillis(RaftServer.Division division) {
    RoleInfoProto role = division.getInfo().getRoleInfoProto();
    if (role.hasFollowerInfo()) {
      return role.getFollowerInfo().getLeaderInfo().getLastRpcElapsedTimeMs();
    }
    if (!role.hasLeaderInfo() || !division.getInfo().isLeaderReady()) {
      return -1;
    }
    List<Long> followers =
        role.getLeaderInfo().getFollowerInfoList().stream()
            .filter(follower -> votes(follower, division))
            .map(ServerRpcProto::getLastRpcElapsedTimeMs)
            .sorted()
            .toList();
    int needed = (followers.size() + 1) / 2;
    return needed == 0 ? 0 : followers.get(needed - 1);
  }

  /** A new one is sent everything before it does. */
  private static boolean votes(ServerRpcProto follower, RaftServer.Division division) {
    RaftPeerId id = RaftPeerId.valueOf(follower.getId().getId());
    return division.getRaftConf().getPeer(id) != null;
  }

  /**
   * Who is to lead when this node, which does, is to stop; null when it does not, or nobody can.
   *
   * @param isDrained whether a node is to lead nothing
   */
  @Nullable String successor(Predicate<String> isDrained) {
    ShardStatus status = status(List.of());
    if (status.role() != Role.LEADER) {
      return null;
    }
    return status.members().stream()
        .filter(member -> !member.node().equals(status.leader()))
        .filter(member -> member.silentMillis() >= 0 && member.silentMillis() < 2_000)
        .filter(member -> member.lag() >= 0)
        .filter(member -> !isDrained.test(member.node()))
        .min(Comparator.comparing(Replica::lag))
        .map(Replica::node)
        .orElse(null);
  }

  /**
   * The shard as it is now.
   *
   * @param words what its replicas have said, of which the leader's tells how far each is behind
   */
  ShardStatus status(List<ShardWord> words) {
    RaftServer.Division seen = division.get();
    KeyValueException known = failure.get();
    String problem = known == null ? "" : String.valueOf(known.getMessage());
    if (seen == null) {
      String why = problem.isEmpty() ? ENDED : problem;
      return new ShardStatus(shard, Role.OUT, null, 0, -1, -1, false, List.of(), why);
    }
    RaftPeerId leader = seen.getInfo().getLeaderId();
    Optional<ShardWord> word =
        seen.getInfo().isLeader()
            ? Optional.of(ShardWord.of(shard, seen))
            : ShardWord.ofLeader(words)
                .filter(said -> said.term() >= seen.getInfo().getCurrentTerm());
    long committed =
        Math.max(
            seen.getRaftLog().getLastCommittedIndex(), word.map(ShardWord::committed).orElse(-1L));
    Map<String, Long> lags =
        word.filter(ShardWord::leads).map(ShardWord::lagsByMember).orElse(Map.of());
    return new ShardStatus(
        shard,
        role(seen),
        leader == null ? null : leader.toString(),
        seen.getInfo().getCurrentTerm(),
        seen.getInfo().getLastAppliedIndex(),
        committed,
        leader != null && hasQuorum(seen),
        members(seen, lags),
        problem);
  }

  private static Role role(RaftServer.Division division) {
    return switch (division.getInfo().getCurrentRole()) {
      case LEADER -> Role.LEADER;
      case CANDIDATE -> Role.CANDIDATE;
      default -> Role.FOLLOWER;
    };
  }

  private static List<Replica> members(RaftServer.Division division, Map<String, Long> lags) {
    Map<String, Long> silences = silences(division.getInfo().getRoleInfoProto());
    return division.getRaftConf().getCurrentPeers().stream()
        .sorted(Comparator.comparing(peer -> peer.getId().toString()))
        .map(peer -> replica(peer, lags, silences))
        .toList();
  }

  /** How far each replica is known here to be committed. */
  static Map<String, Long> commits(RaftServer.Division division) {
    Map<String, Long> commits = new HashMap<>();
    for (CommitInfoProto info : division.getCommitInfos()) {
      commits.put(info.getServer().getId().toStringUtf8(), info.getCommitIndex());
    }
    return commits;
  }

  private static Replica replica(
      RaftPeer peer, Map<String, Long> lags, Map<String, Long> silences) {
    String id = peer.getId().toString();
    return new Replica(
        id, peer.getAddress(), lags.getOrDefault(id, -1L), silences.getOrDefault(id, -1L));
  }

  private static Map<String, Long> silences(RoleInfoProto role) {
    Map<String, Long> silences = new HashMap<>();
    silences.put(role.getSelf().getId().toStringUtf8(), 0L);
    for (ServerRpcProto follower : role.getLeaderInfo().getFollowerInfoList()) {
      silences.put(follower.getId().getId().toStringUtf8(), follower.getLastRpcElapsedTimeMs());
    }
    if (role.hasFollowerInfo()) {
      ServerRpcProto leader = role.getFollowerInfo().getLeaderInfo();
      silences.put(leader.getId().getId().toStringUtf8(), leader.getLastRpcElapsedTimeMs());
    }
    return silences;
  }
}
