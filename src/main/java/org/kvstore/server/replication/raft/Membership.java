package org.kvstore.server.replication.raft;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.KeyValueException;

/**
 * Who belongs to the cluster. The members of the last shard, that of the system, are the registry:
 * whoever is added to it or taken out of it is so in the cluster. The other shards follow, one
 * change after the other as {@link Placement} finds them, by the one node that leads the registry;
 * what is still to be done is the difference, so it may stop anywhere, and goes on wherever the
 * registry is led next.
 *
 * <p>Then it evens out who leads, see {@link LeaderBalance}, drained nodes aside.
 *
 * <p>Each change is of one node, and is made only while a majority of those who remain is there.
 */
public final class Membership implements AutoCloseable {
  private static final Logger LOG = System.getLogger(Membership.class.getName());
  private static final int MOST_MEMBERS = 7;
  private static final long PAUSE_MILLIS = 1_000;
  private static final long WAITING_MILLIS = 5_000;
  private static final long LOOK_MILLIS = 200;
  private static final long HOST_MILLIS = 20_000;

  private final ClusterOptions options;
  private final ShardGroups groups;
  private final Replicas replicas;
  private final Registry registry;
  private final Peers peers;
  private final ClusterView view;
  private final Standings standings;
  private final HostCalls hosts;
  private final GroupAdmin admin;
  private final LeaderBalance balance;
  private final Repeater repeater = new Repeater("kv-cluster-membership", PAUSE_MILLIS, this::step);

  /** Shards of which a change has failed in this round: what was found to follow does not. */
  private final Set<Integer> stuck = new HashSet<>();

  /** Runs from {@link #start} on. */
  public Membership(RaftNode node) {
    options = node.options();
    groups = node.groups();
    replicas = node.replicas();
    registry = node.registry();
    peers = node.peers();
    view = node.view();
    standings = node.standings();
    hosts = node.hosts();
    admin = new GroupAdmin(node);
    balance = new LeaderBalance(registry, peers, view, admin);
  }

  /** What a shard is still to gain and to lose. */
  public record Move(int shard, List<String> add, List<String> remove) {}

  /** Has the shards follow from now on. */
  public void start() {
    repeater.start();
  }

  /**
   * Makes a node a member, one that waits for that. Returns once it has the registry; the other
   * shards follow. Nothing happens when it is a member already.
   *
   * @throws KeyValueException PRECONDITION_FAILED when another node has its id or address, or there
   *     are as many as there may be; UNAVAILABLE when it does not answer, or no majority does
   */
  public void add(Member member) {
    List<Member> before = admin.members(registry.shard());
    if (before.contains(member)) {
      return;
    }
    for (Member each : before) {
      if (each.id().equals(member.id()) || each.raftAddress().equals(member.raftAddress())) {
        throw refused("There is a member %s at %s.".formatted(each.id(), each.raftAddress()));
      }
    }
    if (before.size() >= MOST_MEMBERS) {
      throw refused("There are %d members; more there may not be.".formatted(before.size()));
    }
    requireSettled(member.id());
    requireWaiting(member);
    List<Member> after = Stream.concat(before.stream(), Stream.of(member)).toList();
    admin.setMembers(registry.shard(), before, after);
    LOG.log(
        Level.INFO, "A node was added. node={0} address={1}", member.id(), member.raftAddress());
  }

  /** Whether a shard has a node for a member still, and may count on what it has lost. */
  private boolean isListed(String id) {
    return IntStream.range(0, registry.shard())
        .anyMatch(shard -> Member.ids(view.membersOf(shard)).contains(id));
  }

  /** One that has just been started is given some seconds to hear of the others. */
  private void requireWaiting(Member member) {
    long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(WAITING_MILLIS);
    while (!info(member).canJoin() || isListed(member.id())) {
      if (System.nanoTime() - deadline > 0) {
        throw refused(
            ("The node %s does not wait to be added: it was not started with kv.cluster.join=true,"
                    + " has data already, or is still being removed.")
                .formatted(member.id()));
      }
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(LOOK_MILLIS));
    }
  }

  private PeerInfo info(Member member) {
    try {
      return peers.ask(member).join();
    } catch (CompletionException e) {
      String misfit = Peers.misfit(e);
      String why =
          misfit.isEmpty()
              ? "does not answer; start it first, with kv.cluster.join=true and the same"
                  + " kv.cluster.id, kv.shards and kv.replication-factor"
              : misfit;
      throw KeyValueException.of(
              ErrorCode.UNAVAILABLE,
              "The node %s at %s %s.".formatted(member.id(), member.raftAddress(), why))
          .withCause(e);
    }
  }

  /**
   * Takes a node out, whether it is there or not. Returns once it is out of the registry; the other
   * shards follow.
   *
   * @throws KeyValueException NOT_FOUND when it is no member; PRECONDITION_FAILED when no majority
   *     of the others is there; UNAVAILABLE when no majority answers
   */
  public void remove(String id) {
    List<Member> before = admin.members(registry.shard());
    List<Member> after = without(before, id);
    if (after.size() == before.size()) {
      throw KeyValueException.of(
          ErrorCode.NOT_FOUND, "The cluster has no member '%s'.".formatted(id));
    }
    requireSettled(id);
    for (int shard = 0; shard < registry.shard(); shard++) {
      requireChangeable(shard, id);
    }
    change(registry.shard(), before, after);
    LOG.log(Level.INFO, "A node was removed. node={0}", id);
  }

  /** A shard that has a replica at a node has to be able to do without it, and to say so. */
  private void requireChangeable(int shard, String id) {
    List<Member> now = view.membersOf(shard);
    if (!now.isEmpty() && !Member.ids(now).contains(id)) {
      return;
    }
    requireMajority(shard, now);
    List<Member> left = without(now, id);
    if (!left.isEmpty()) {
      requireMajority(shard, left);
    }
  }

  private static List<Member> without(List<Member> members, String id) {
    return members.stream().filter(member -> !member.id().equals(id)).toList();
  }

  /** One change after the other, but for one that ends another of the same node. */
  private void requireSettled(String id) {
    List<Move> repairs = moves(Placement.repairs(situation().whole()));
    boolean isSettled =
        repairs.stream().allMatch(move -> move.add().contains(id) || move.remove().contains(id));
    if (!isSettled) {
      throw refused("Replicas of other nodes are still coming or going; try again later.");
    }
  }

  /** Without one a shard could not even become as it was. */
  private void requireMajority(int shard, List<Member> members) {
    List<CompletableFuture<Standing>> asked =
        members.stream().map(member -> standings.ask(member.peer(), groups.id(shard))).toList();
    long alive =
        asked.stream()
            .filter(standing -> standing.handle((its, failure) -> failure == null).join())
            .count();
    if (2 * alive <= members.size()) {
      throw refused(
          "Of the %d replicas of shard %d that there would be, %d are there."
              .formatted(members.size(), shard, alive));
    }
  }

  private boolean isThere(String id) {
    return peers.isThere(id);
  }

  private static KeyValueException refused(String why) {
    return KeyValueException.of(ErrorCode.PRECONDITION_FAILED, why);
  }

  /**
   * Has a node lead nothing until it is told otherwise or started again, or has it lead again.
   *
   * @throws KeyValueException NOT_FOUND when it is no member; UNAVAILABLE when it does not answer
   */
  public void drain(String id, boolean drained) {
    Member member =
        registry.membersOrTold().stream()
            .filter(each -> each.id().equals(id))
            .findFirst()
            .orElseThrow(
                () ->
                    KeyValueException.of(
                        ErrorCode.NOT_FOUND, "The cluster has no member '%s'.".formatted(id)));
    peers.drain(member, drained);
  }

  /** What is still to be done, as far as this node sees; nothing when it is no member. */
  public List<Move> moves() {
    return moves(Placement.changes(situation().whole()));
  }

  /** What becomes of each shard in the end. */
  private static List<Move> moves(List<Placement.Change> changes) {
    Map<Integer, Set<String>> add = new TreeMap<>();
    Map<Integer, Set<String>> remove = new TreeMap<>();
    for (Placement.Change change : changes) {
      Set<String> comes = add.computeIfAbsent(change.shard(), shard -> new TreeSet<>());
      Set<String> goes = remove.computeIfAbsent(change.shard(), shard -> new TreeSet<>());
      Set<String> undone = change.comes() ? goes : comes;
      if (!undone.remove(change.node())) {
        (change.comes() ? comes : goes).add(change.node());
      }
    }
    List<Move> moves = new ArrayList<>();
    add.forEach(
        (shard, comes) -> {
          List<String> goes = List.copyOf(remove.getOrDefault(shard, Set.of()));
          if (!(comes.isEmpty() && goes.isEmpty())) {
            moves.add(new Move(shard, List.copyOf(comes), goes));
          }
        });
    return moves;
  }

  /** Who has what, as far as this node sees; of no shard when it is no member. */
  private Placement.Situation situation() {
    List<String> nodes = Member.ids(registry.members());
    Map<Integer, List<String>> members = new TreeMap<>();
    Map<Integer, String> leaders = new HashMap<>();
    for (int shard = 0; shard < registry.shard() && !nodes.isEmpty(); shard++) {
      List<String> now = Member.ids(view.membersOf(shard));
      if (!now.isEmpty()) {
        members.put(shard, now);
      }
      String leader = view.leader(shard);
      if (leader != null) {
        leaders.put(shard, leader);
      }
    }
    Set<String> there = nodes.stream().filter(this::isThere).collect(Collectors.toSet());
    return new Placement.Situation(nodes, members, options.factor(), there, leaders);
  }

  private void step() {
    if (!replicas.lead(registry.shard())) {
      balance.forget();
      return;
    }
    List<Placement.Change> changes = Placement.changes(situation());
    if (changes.isEmpty()) {
      balance.round();
    }
    stuck.clear();
    changes.forEach(this::advance);
  }

  /** One node at a time: Raft refuses to be outnumbered by those who come. */
  private void advance(Placement.Change change) {
    int shard = change.shard();
    if (repeater.isClosed() || stuck.contains(shard) || !replicas.lead(registry.shard())) {
      return;
    }
    try {
      List<Member> before = admin.members(shard);
      if (!change.before().equals(Set.copyOf(Member.ids(before)))) {
        stuck.add(shard);
      } else if (change.comes()) {
        Member comes = requireMember(change.node());
        host(comes, shard);
        change(shard, before, with(before, comes));
      } else {
        change(shard, before, without(before, change.node()));
      }
    } catch (RuntimeException e) {
      stuck.add(shard);
      LOG.log(Level.INFO, "A move of a shard is tried again: {0}", e.toString());
    }
  }

  private Member requireMember(String id) {
    return registry.members().stream()
        .filter(member -> member.id().equals(id))
        .findFirst()
        .orElseThrow(() -> refused("The node %s was removed meanwhile.".formatted(id)));
  }

  private static List<Member> with(List<Member> members, Member comes) {
    return members.contains(comes)
        ? members
        : Stream.concat(members.stream(), Stream.of(comes)).toList();
  }

  /** Has a node begin an empty replica of a shard, unless it runs one. */
  private void host(Member member, int shard) {
    long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(HOST_MILLIS);
    while (!runs(member, shard)) {
      if (repeater.isClosed() || System.nanoTime() - deadline > 0) {
        throw refused("The node %s opens no replica of it.".formatted(member.id()));
      }
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(LOOK_MILLIS));
    }
  }

  private boolean runs(Member member, int shard) {
    try {
      return hosts.ask(member, shard).join();
    } catch (CompletionException e) {
      throw KeyValueException.of(
              ErrorCode.UNAVAILABLE, "The node %s does not answer.".formatted(member.id()))
          .withCause(e);
    }
  }

  /** The members of a shard become others; one that is to go does not lead until the end. */
  private void change(int shard, List<Member> before, List<Member> after) {
    requireMajority(shard, after);
    String leader = view.leader(shard);
    if (leader != null && after.stream().noneMatch(member -> member.id().equals(leader))) {
      after.stream()
          .map(Member::id)
          .filter(id -> before.stream().anyMatch(member -> member.id().equals(id)))
          .filter(this::isThere)
          .min(Comparator.comparing(id -> !peers.canLead(id)))
          .ifPresent(next -> admin.transfer(shard, next));
    }
    requireLeaderAmong(shard, after);
    admin.setMembers(shard, before, after);
  }

  /** Raft closes a leader that is taken out, and may wait for ever for the writes that it has. */
  private void requireLeaderAmong(int shard, List<Member> members) {
    String leader = view.leader(shard);
    if (leader == null || !Member.ids(members).contains(leader)) {
      throw refused("Shard %d is led by nobody now, or by one that is to go.".formatted(shard));
    }
  }

  /**
   * Evens out who leads now, among the nodes that are there, which otherwise happens once they have
   * been there for a while.
   *
   * @throws KeyValueException UNAVAILABLE when one does not take over, or a shard has no leader;
   *     what was done stays so
   */
  public void rebalance() {
    balance.complete();
  }

  /** Returns once it has ended, after some seconds at the most. */
  @Override
  public void close() {
    repeater.close();
  }
}
