package org.kvstore.it.history;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.stream.Collectors;
import org.kvstore.it.history.Revision.Change;

/**
 * Holds the writes of all clients against the revisions of the store: an acknowledged write is one
 * revision, the one that was told; an unknown one is one revision or none; a refused one is none;
 * and no revision holds anything else. Revisions rise in the order of time: a write that began
 * after another was acknowledged has the higher one.
 */
public final class Writes {
  private final List<Write> writes;
  private final Map<String, Write> byValue = new HashMap<>();
  private final Set<Write> found = new HashSet<>();

  /** Of some clients. */
  public static Writes of(Collection<Call> calls) {
    return new Writes(calls.stream().flatMap(call -> Write.of(call).stream()).toList());
  }

  public Writes(List<Write> writes) {
    this.writes = List.copyOf(writes);
    for (Write write : writes) {
      write.puts().values().forEach(value -> byValue.put(value, write));
    }
  }

  /** How many were acknowledged. */
  public long acknowledged() {
    return writes.stream().filter(write -> write.revision() > 0).count();
  }

  /** How many of unknown outcome there are, which turned out to be done or not. */
  public long unknown(boolean done) {
    return writes.stream()
        .filter(write -> write.revision() == 0 && !write.isRefused())
        .filter(write -> found.contains(write) == done)
        .count();
  }

  /** Checks the writes against all revisions of their time. */
  public void check(Set<String> keysBefore, List<Revision> revisions) {
    Set<String> keys = new HashSet<>(keysBefore);
    for (Revision revision : revisions) {
      check(revision, keys);
      for (Change change : revision.changes()) {
        if (change.isPut()) {
          keys.add(change.key());
        } else {
          keys.remove(change.key());
        }
      }
    }
    for (Write write : writes) {
      assertThat(write.revision() == 0 || found.contains(write))
          .as("an acknowledged write is in the store: %s", write)
          .isTrue();
    }
    checkOrder();
  }

  private void check(Revision revision, Set<String> keys) {
    Map<String, String> puts =
        revision.changes().stream()
            .filter(Change::isPut)
            .collect(Collectors.toMap(Change::key, Change::value));
    if (puts.isEmpty()) {
      assertThat(revision.changes().size() == 1 || isEndOfLease(revision))
          .as("one delete or the end of one lease: %s", revision)
          .isTrue();
      return;
    }
    Write write = byValue.get(puts.values().iterator().next());
    if (write == null) {
      throw new AssertionError("the write of %s is nobody's".formatted(revision));
    }
    assertThat(puts).as("all puts of %s", write).isEqualTo(write.puts());
    Set<String> deletes = new HashSet<>(write.deletes());
    deletes.retainAll(keys);
    assertThat(revision.changes().stream().filter(change -> !change.isPut()).map(Change::key))
        .as("all deletes of %s", write)
        .containsExactlyInAnyOrderElementsOf(deletes);
    assertThat(write.isRefused()).as("%s is in %s", write, revision).isFalse();
    assertThat(found.add(write)).as("%s is there once", write).isTrue();
    assertThat(write.revision()).as("%s", write).isIn(0L, revision.number());
  }

  private static boolean isEndOfLease(Revision revision) {
    return revision.changes().stream().allMatch(change -> change.reason().equals("lease"));
  }

  private void checkOrder() {
    List<Write> acknowledged =
        writes.stream()
            .filter(write -> write.revision() > 0)
            .sorted(Comparator.comparingLong(Write::invoked))
            .toList();
    PriorityQueue<Write> running = new PriorityQueue<>(Comparator.comparingLong(Write::returned));
    long highest = 0;
    for (Write write : acknowledged) {
      while (!running.isEmpty() && running.peek().returned() < write.invoked()) {
        highest = Math.max(highest, running.remove().revision());
      }
      assertThat(write.revision()).as("%s began later", write).isGreaterThan(highest);
      running.add(write);
    }
  }
}
