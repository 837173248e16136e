package org.kvstore.it.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import jakarta.json.JsonObject;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.kvstore.it.history.Action;
import org.kvstore.it.history.Call;
import org.kvstore.it.history.ChangeLog;
import org.kvstore.it.history.Linearizability;
import org.kvstore.it.history.Operation;
import org.kvstore.it.history.Register;
import org.kvstore.it.history.Revision;
import org.kvstore.it.history.Revision.Change;
import org.kvstore.it.history.Write;
import org.kvstore.it.history.Writes;

/**
 * All that has happened to a cluster since it was new, as its followers tell it, shard by shard;
 * and the checks of what clients have done against it.
 */
final class History {
  private static final Duration PATIENCE = Duration.ofMinutes(1);

  private final List<ChangeLog> shards = new ArrayList<>();

  /** Of a new cluster. */
  History(int shards) {
    for (int shard = 0; shard < shards; shard++) {
      this.shards.add(new ChangeLog(0));
    }
  }

  /** The entries of all shards, as listings show them. */
  Map<String, JsonObject> entries() {
    Map<String, JsonObject> entries = new TreeMap<>();
    shards.forEach(shard -> entries.putAll(shard.entries()));
    return entries;
  }

  /** Waits until a follower has seen some writes, the last ones of their shards. */
  void awaitSeen(Follower follower, Collection<Call> last) {
    for (Call call : last) {
      Write write = Write.of(call).get(0);
      int shard = shard(write);
      await()
          .atMost(PATIENCE)
          .untilAsserted(
              () ->
                  assertThat(follower.newest(shard))
                      .as("newest revision followed of shard %d", shard)
                      .isGreaterThanOrEqualTo(write.revision()));
    }
  }

  /** Adds what a follower has seen, and checks it and the calls of clients against each other. */
  void append(Map<Integer, List<Revision>> seen, Collection<Call> calls) {
    checkLinearizability(calls);
    Map<Integer, List<Write>> writes =
        calls.stream().flatMap(call -> Write.of(call).stream()).collect(groupingByShard());
    for (int shard = 0; shard < shards.size(); shard++) {
      ChangeLog log = shards.get(shard);
      Set<String> before = new HashSet<>(log.entries().keySet());
      List<Revision> revisions = seen.getOrDefault(shard, List.of());
      revisions.forEach(log::append);
      new Writes(writes.getOrDefault(shard, List.of()))
          .check(before, revisions.stream().filter(History::isOfRegisters).toList());
    }
  }

  /** Checks that one follower has seen of some keys what another has seen of all. */
  static void requireSame(
      Map<Integer, List<Revision>> all, Map<Integer, List<Revision>> some, Predicate<String> keys) {
    all.forEach(
        (shard, revisions) ->
            assertThat(some.getOrDefault(shard, List.of()))
                .as("shard %d, as two followers have seen it", shard)
                .isEqualTo(revisions.stream().map(of(keys)).filter(History::isChange).toList()));
  }

  private static java.util.function.UnaryOperator<Revision> of(Predicate<String> keys) {
    return revision ->
        new Revision(
            revision.number(),
            revision.changes().stream().filter(change -> keys.test(change.key())).toList());
  }

  private static boolean isChange(Revision revision) {
    return !revision.changes().isEmpty();
  }

  /** Whether its values are those of one client, rather than sums or mortal. */
  private static boolean isOfRegisters(Revision revision) {
    return revision.changes().stream().map(Change::key).allMatch(Keys::isRegister);
  }

  private java.util.stream.Collector<Write, ?, Map<Integer, List<Write>>> groupingByShard() {
    return Collectors.groupingBy(this::shard);
  }

  private int shard(Write write) {
    return Keys.shard(write.puts().keySet().iterator().next(), shards.size());
  }

  private static void checkLinearizability(Collection<Call> calls) {
    Map<String, List<Operation>> histories = new HashMap<>();
    for (Call call : calls) {
      for (Operation operation : call.operations()) {
        if (!(operation.action() instanceof Action.Get && operation.isUnknown())) {
          histories.computeIfAbsent(operation.key(), key -> new ArrayList<>()).add(operation);
        }
      }
    }
    histories.forEach(
        (key, history) ->
            assertThat(Linearizability.violation(Register.absent(0), history)).as(key).isEmpty());
  }
}
