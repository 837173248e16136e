package org.kvstore.server.replication.raft;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.KeyValueException;

/**
 * What the other nodes last said of themselves, and when; only of those that fit. One thread asks;
 * any may read.
 */
final class Peers {
  private static final Logger LOG = System.getLogger(Peers.class.getName());

  /** How TLS tells that it is the other side that refuses. */
  private static final Pattern ALERT = Pattern.compile("(?i)alert");

  private static final long ANSWER_MILLIS = 1_000;
  private static final long RECENT_NANOS = TimeUnit.SECONDS.toNanos(5);

  private final ClusterOptions options;
  private final PeerCalls calls;
  private final Registry registry;
  private final OwnInfo own;
  private final Map<String, Said> said = new ConcurrentHashMap<>();

  /** Those that did not answer, or did not fit, when they were last asked. */
  private final Set<String> silent = ConcurrentHashMap.newKeySet();

  /** Why others do not fit, for people. */
  private final Map<String, String> strange = new ConcurrentHashMap<>();

  private record Said(PeerInfo info, Map<Integer, ShardWord> words, long at) {
    Optional<ShardWord> word(int shard) {
      return Optional.ofNullable(words.get(shard));
    }
  }

  Peers(ClusterOptions options, PeerCalls calls, Registry registry, OwnInfo own) {
    this.options = options;
    this.calls = calls;
    this.registry = registry;
    this.own = own;
  }

  /** Those of the registry, and those that this node was told of at its start; never itself. */
  private List<Member> others() {
    Map<String, Member> others = new LinkedHashMap<>();
    options.members().forEach(member -> others.put(member.id(), member));
    registry.membersOrTold().forEach(member -> others.put(member.id(), member));
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
      silent.remove(from.id());
      strange.remove(from.id());
      return said.put(from.id(), now(info)) == null;
    }
    silent.add(from.id());
    String why = misfit(failure);
    if (why.isEmpty()) {
      strange.remove(from.id());
    } else if (!why.equals(strange.put(from.id(), why))) {
      LOG.log(Level.ERROR, "Node {0} at {1} {2}.", from.id(), from.raftAddress(), why);
    }
    return false;
  }

  /**
   * Why a node that was asked is none to be talked to, as the end of a sentence about it; empty
   * when it just does not answer.
   */
  static String misfit(@Nullable Throwable failure) {
    for (Throwable at = failure; at != null; at = at.getCause()) {
      if (at instanceof KeyValueException) {
        return String.valueOf(at.getMessage());
      }
      if (at instanceof SSLException) {
        return untrusted((SSLException) at);
      }
    }
    return "";
  }

  private static String untrusted(SSLException failure) {
    String reason = String.valueOf(failure.getMessage());
    String what =
        ALERT.matcher(reason).find()
            ? "does not take this node's certificate"
            : "has no certificate that this node takes";
    return ("%s (%s); kv.cluster.tls.authority is to be the same on all, and to have issued the"
            + " certificates of all")
        .formatted(what, reason);
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
    requireSameKeys(info.keys());
    if (!info.id().equals(member.id())) {
      throw unavailable("is the node " + info.id());
    }
    return info;
  }

  /** What is sealed with a key goes to all others as it is. */
  private void requireSameKeys(List<String> its) {
    List<String> own = options.keys().ids();
    if (its.isEmpty() != own.isEmpty()) {
      throw unavailable(
          (own.isEmpty()
                  ? "encrypts its data, and this node does not"
                  : "does not encrypt its data, as this node does")
              + "; kv.encryption.key-file is to be the same on all");
    }
    if (!own.isEmpty() && Collections.disjoint(own, its)) {
      throw unavailable(
          "encrypts with the keys %s, and this node with %s; they are to have one in common"
              .formatted(its, own));
    }
  }

  /**
   * That of this node's keys which new entries are sealed with: the first that all members have.
   * While one has not said which it has, it is taken for one that has the last: a new key is put
   * before the old ones on one node after another.
   */
  String sealingKey() {
    List<String> own = options.keys().ids();
    if (own.size() == 1) {
      return own.get(0);
    }
    List<String> others = registry.membersOrTold().stream().map(Member::id).toList();
    List<String> last = new ArrayList<>(own);
    Collections.reverse(last);
    return first(own, key -> others.stream().allMatch(id -> hasKey(id, key, false)))
        .or(() -> first(last, key -> others.stream().allMatch(id -> hasKey(id, key, true))))
        .orElse(own.get(0));
  }

  private static Optional<String> first(List<String> keys, Predicate<String> wanted) {
    return keys.stream().filter(wanted).findFirst();
  }

  private boolean hasKey(String id, String key, boolean otherwise) {
    Said last = said.get(id);
    boolean isOwn = id.equals(options.self());
    return isOwn || (last == null ? otherwise : last.info().keys().contains(key));
  }

  private static KeyValueException unavailable(String what) {
    return KeyValueException.of(ErrorCode.UNAVAILABLE, what);
  }

  private byte[] question() {
    return options.self().getBytes(StandardCharsets.UTF_8);
  }

  /** What a node has said of itself within the last seconds; of itself as of now. */
  Optional<PeerInfo> said(String id) {
    if (id.equals(options.self())) {
      return Optional.of(own.now());
    }
    Said last = said.get(id);
    return last != null && isRecent(last) ? Optional.of(last.info()) : Optional.empty();
  }

  /** The same of all others that have. */
  List<PeerInfo> said() {
    return others().stream().flatMap(member -> said(member.id()).stream()).toList();
  }

  /** Whether a node has answered lately, and fits. */
  boolean isThere(String id) {
    return said(id).isPresent();
  }

  /** Whether a node may be made to lead: it answered when it was last asked, and is not drained. */
  boolean canLead(String id) {
    return !silent.contains(id) && said(id).filter(info -> !info.isDrained()).isPresent();
  }

  /** Whether a node has said lately that it is to lead nothing. */
  boolean isDrained(String id) {
    return said(id).filter(PeerInfo::isDrained).isPresent();
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

  /** Has a node lead nothing, or no longer so. */
  void drain(Member member, boolean drained) {
    if (member.id().equals(options.self())) {
      own.drain(drained);
      return;
    }
    byte[] question = new byte[] {(byte) (drained ? 1 : 0)};
    try {
      calls.ask(member.peer(), PeerCalls.DRAIN, question, ANSWER_MILLIS).join();
    } catch (CompletionException e) {
      throw unavailable("The node %s does not answer.".formatted(member.id())).withCause(e);
    }
  }
}
