package org.kvstore.server.replication.raft;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.apache.ratis.proto.RaftProtos.CommitInfoProto;
import org.apache.ratis.server.RaftServer;
import org.apache.ratis.util.JavaUtils;
import org.jspecify.annotations.Nullable;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.KeyValueException;

/**
 * What this node knows of the others: what each last said of itself, and which have ever taken
 * part, which is remembered over restarts. A node that has taken part and comes back without its
 * log is known by that, and must not vote: it may have promised what it has forgotten.
 *
 * <p>One thread asks and notices; any may read.
 */
final class Peers {
  private static final Logger LOG = System.getLogger(Peers.class.getName());
  private static final long ANSWER_MILLIS = 1_000;
  private static final long WORDS_NANOS = TimeUnit.MILLISECONDS.toNanos(100);
  private static final long RECENT_NANOS = TimeUnit.SECONDS.toNanos(5);

  private final RaftNode node;
  private final ClusterOptions options;
  private final PeerCalls calls;
  private final ReplicaMarks marks;
  private final Map<String, Said> said = new ConcurrentHashMap<>();
  private final Set<String> known;
  private final Map<String, String> strange = new ConcurrentHashMap<>();
  private volatile boolean isDrained;

  /** They are asked for often, and take a while to find where there are many shards. */
  private volatile @Nullable Words words;

  private record Said(PeerInfo info, Map<Integer, ShardWord> words, long at) {
    Optional<ShardWord> word(int shard) {
      return Optional.ofNullable(words.get(shard));
    }
  }

  private record Words(List<ShardWord> all, long at) {}

  Peers(RaftNode node, ClusterOptions options, PeerCalls calls, ReplicaMarks marks)
      throws IOException {
    this.node = node;
    this.options = options;
    this.calls = calls;
    this.marks = marks;
    known = ConcurrentHashMap.newKeySet();
    known.addAll(marks.knownPeers());
  }

  /** Those of the registry, and those that this node was told of at its start; never itself. */
  private List<Member> others() {
    Map<String, Member> others = new LinkedHashMap<>();
    options.members().forEach(member -> others.put(member.id(), member));
    node.members().forEach(member -> others.put(member.id(), member));
    others.remove(options.self());
    return List.copyOf(others.values());
  }

  /** Asks all others at once; returns when all have answered, after a second at the most. */
  void ask() {
    List<CompletableFuture<?>> asked = new ArrayList<>();
    for (Member member : others()) {
      asked.add(ask(member).handle((info, failure) -> heard(member, info, failure)));
    }
    CompletableFuture.allOf(asked.toArray(CompletableFuture<?>[]::new)).join();
  }

  /** One that does not fit counts as not there; why is logged once. */
  private boolean heard(Member from, @Nullable PeerInfo info, @Nullable Throwable failure) {
    if (info != null) {
      strange.remove(from.id());
      return said.put(from.id(), now(info)) == null;
    }
    Throwable cause = JavaUtils.unwrapCompletionException(failure);
    if (cause instanceof KeyValueException) {
      String why = String.valueOf(cause.getMessage());
      if (!why.equals(strange.put(from.id(), why))) {
        LOG.log(Level.ERROR, "Node {0} at {1} {2}.", from.id(), from.raftAddress(), why);
      }
    } else {
      strange.remove(from.id());
    }
    return false;
  }

  /** Why a node that answers does not fit; empty when it does, or does not answer. */
  String problem(String id) {
    return strange.getOrDefault(id, "");
  }

  private static Said now(PeerInfo info) {
    Map<Integer, ShardWord> words = new HashMap<>();
    info.words().forEach(word -> words.put(word.shard(), word));
    return new Said(info, words, System.nanoTime());
  }

  /** What a node says of itself now; fails when it does not, or is of another cluster. */
  CompletableFuture<PeerInfo> ask(Member member) {
    return calls
        .ask(member.peer(), PeerCalls.INFO, question(), ANSWER_MILLIS)
        .thenApply(PeerInfo::of)
        .thenApply(info -> requireSame(member, info));
  }

  private PeerInfo requireSame(Member member, PeerInfo info) {
    if (!info.cluster().equals(options.clusterId())) {
      throw unavailable(
          "is of another cluster, '%s'; kv.cluster.id is to be the same on all"
              .formatted(info.cluster()));
    }
    if (info.shards() != options.shards()) {
      throw unavailable(
          "has %d shards, and this one %d; kv.shards is to be the same on all"
              .formatted(info.shards(), options.shards()));
    }
    if (info.factor() != options.factor()) {
      throw unavailable(
          "has up to %d replicas of each shard, and this one %d; kv.replication-factor is to be the"
                  .formatted(info.factor(), options.factor())
              + " same on all");
    }
    if (!info.id().equals(member.id())) {
      throw unavailable("is the node " + info.id());
    }
    return info;
  }

  private static KeyValueException unavailable(String what) {
    return KeyValueException.of(ErrorCode.UNAVAILABLE, what);
  }

  private byte[] question() {
    return options.self().getBytes(StandardCharsets.UTF_8);
  }

  /** The answer to another node's question. */
  byte[] answer(byte[] question) {
    return own(new String(question, StandardCharsets.UTF_8), ownWords()).toBytes();
  }

  private List<ShardWord> ownWords() {
    long now = System.nanoTime();
    Words last = words;
    if (last == null || now - last.at() > WORDS_NANOS) {
      last = new Words(node.words(), now);
      words = last;
    }
    return last.all();
  }

  private PeerInfo own(String asker, List<ShardWord> itsWords) {
    RaftServer.Division registry = node.registry();
    boolean hasLeader =
        registry != null
            && registry.getInfo().getLeaderId() != null
            && Observer.hasQuorum(registry);
    return new PeerInfo(
        options.clusterId(),
        options.shards(),
        options.factor(),
        options.self(),
        options.url(),
        isDrained,
        known.isEmpty() && node.hasNoLog(),
        hasLeader,
        known.contains(asker),
        node.lists(asker),
        options.joins() && node.hasBegun() && node.hasNoLog(),
        node.registryMembers(),
        itsWords);
  }

  /** Of whom the leaders say that they have a part of the log. */
  void notice(List<RaftServer.Division> divisions) {
    Set<String> now = new HashSet<>(known);
    for (RaftServer.Division division : divisions) {
      for (CommitInfoProto info : division.getCommitInfos()) {
        String id = info.getServer().getId().toStringUtf8();
        if (info.getCommitIndex() >= 0 && !id.equals(options.self())) {
          now.add(id);
        }
      }
    }
    if (now.size() > known.size()) {
      try {
        marks.knowPeers(now);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      known.addAll(now);
    }
  }

  /** What a node has said of itself within the last seconds; of itself as of now. */
  Optional<PeerInfo> said(String id) {
    if (id.equals(options.self())) {
      return Optional.of(own("", List.of()));
    }
    Said last = said.get(id);
    return last != null && isRecent(last) ? Optional.of(last.info()) : Optional.empty();
  }

  private static boolean isRecent(Said last) {
    return System.nanoTime() - last.at() < RECENT_NANOS;
  }

  /** What the others have said of a shard within the last seconds. */
  List<ShardWord> words(int shard) {
    return said.values().stream()
        .filter(Peers::isRecent)
        .flatMap(last -> last.word(shard).stream())
        .toList();
  }

  /** The same, however long ago. */
  List<ShardWord> oldWords(int shard) {
    return said.values().stream().flatMap(last -> last.word(shard).stream()).toList();
  }

  /**
   * Has a node come to have a replica of a shard.
   *
   * @return whether it runs already; fails when the node does not answer
   */
  CompletableFuture<Boolean> host(Member member, int shard) {
    byte[] question = ByteBuffer.allocate(Integer.BYTES).putInt(shard).array();
    CompletableFuture<byte[]> answer =
        member.id().equals(options.self())
            ? CompletableFuture.completedFuture(node.hosts(question))
            : calls.ask(member.peer(), PeerCalls.HOST, question, ANSWER_MILLIS);
    return answer.thenApply(its -> its.length == 1 && its[0] == 1);
  }

  /** Has a node lead nothing, or no longer so. */
  void drain(Member member, boolean drained) {
    if (member.id().equals(options.self())) {
      isDrained = drained;
      return;
    }
    byte[] question = new byte[] {(byte) (drained ? 1 : 0)};
    try {
      calls.ask(member.peer(), PeerCalls.DRAIN, question, ANSWER_MILLIS).join();
    } catch (CompletionException e) {
      throw unavailable("The node %s does not answer.".formatted(member.id())).withCause(e);
    }
  }

  boolean isDrained() {
    return isDrained;
  }

  /** Another node has been told to drain this one, or no longer to. */
  byte[] drainedBy(byte[] question) {
    isDrained = question.length == 1 && question[0] == 1;
    return question;
  }

  /**
   * Why a node without any log must not begin yet; empty when it may.
   *
   * <p>One that joins begins with no part, once one who hears a leader is there and nobody has it
   * among the members of any shard. A founder begins when nobody knows it, and all other founders
   * have never heard of anybody either, or one of them hears a leader.
   */
  String reasonToWait() {
    List<PeerInfo> infos = others().stream().flatMap(member -> said(member.id()).stream()).toList();
    return options.joins() ? reasonOfJoiner(infos) : reasonOfFounder(infos);
  }

  private String reasonOfJoiner(List<PeerInfo> infos) {
    if (infos.stream().anyMatch(PeerInfo::listsYou)) {
      return lost();
    }
    return infos.stream().anyMatch(PeerInfo::hasLeader)
        ? ""
        : "It waits for a node of the cluster that is to take it in.";
  }

  private String reasonOfFounder(List<PeerInfo> infos) {
    if (infos.stream().anyMatch(PeerInfo::knowsYou)) {
      return lost();
    }
    boolean areAllFresh =
        infos.size() == options.members().size() - 1 && infos.stream().allMatch(PeerInfo::isFresh);
    return areAllFresh || infos.stream().anyMatch(PeerInfo::hasLeader)
        ? ""
        : "It waits for all that found the cluster with it, which have to be there the first time.";
  }

  /** Why a node that has begun is led by nobody; empty when it is a member, as far as is known. */
  String reasonOfStranger() {
    boolean isStranger =
        others().stream()
            .flatMap(member -> said(member.id()).stream())
            .anyMatch(info -> info.hasLeader() && !info.lists(options.self()));
    if (!isStranger) {
      return "";
    }
    return (options.joins()
            ? "The node %1$s waits to be made a member: kv cluster add %1$s=%2$s."
            : "The node %1$s was removed from its cluster. Stop it; to take part again it starts with"
                + " a new data directory and kv.cluster.join=true.")
        .formatted(options.self(), options.own().raftAddress());
  }

  private String lost() {
    return ("The node %1$s has taken part in this cluster, and its data is gone; it must not vote."
            + " Remove it from the cluster (kv cluster remove %1$s) and wait until that is done; start"
            + " it with kv.cluster.join=true, and add it (kv cluster add %1$s=%2$s): the others send"
            + " it everything.")
        .formatted(options.self(), options.own().raftAddress());
  }
}
