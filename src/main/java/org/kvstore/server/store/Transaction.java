package org.kvstore.server.store;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.Command.Delete;
import org.kvstore.server.model.Command.Put;
import org.kvstore.server.model.Command.Transact;
import org.kvstore.server.model.Entry;
import org.kvstore.server.model.Event.Reason;
import org.kvstore.server.model.Key;
import org.kvstore.server.model.Operation;
import org.kvstore.server.model.Operation.Get;
import org.kvstore.server.model.Operation.ListRange;
import org.kvstore.server.model.Outcome;

/**
 * Applies one transaction. Its writes share a revision, its reads see the writes before them. A
 * write whose own condition does not hold undoes all: so every condition is checked first, which is
 * the same, as no key is written twice.
 */
final class Transaction {
  private final Staging staging;
  private final Evaluator evaluator;
  private final long maxBytes;
  private long bytes;

  /**
   * @param maxBytes bytes of values that its results may hold
   */
  Transaction(Staging staging, Evaluator evaluator, long maxBytes) {
    this.staging = staging;
    this.evaluator = evaluator;
    this.maxBytes = maxBytes;
  }

  Outcome apply(Transact transact, long now) {
    boolean succeeded =
        transact.comparisons().stream()
            .allMatch(comparison -> comparison.holds(staging.get(comparison.key())));
    List<Operation> operations = succeeded ? transact.then() : transact.otherwise();
    Map<Long, Integer> coming = new HashMap<>();
    for (int i = 0; i < operations.size(); i++) {
      Outcome refusal = refusal(operations.get(i), now, coming);
      if (refusal != null) {
        return new Outcome.OperationRefused(succeeded, i, refusal);
      }
    }
    if (bytesRead(operations) > maxBytes) {
      return new Outcome.Rejected(
          ErrorCode.TOO_LARGE,
          "The transaction reads more than %d bytes.".formatted(maxBytes),
          "body",
          maxBytes);
    }
    if (changesSomething(operations)) {
      staging.nextRevision();
    }
    List<Outcome> results = new ArrayList<>();
    operations.forEach(operation -> results.add(perform(operation, now)));
    return new Outcome.Transacted(succeeded, staging.revision(), results);
  }

  private @Nullable Outcome refusal(Operation operation, long now, Map<Long, Integer> coming) {
    if (operation instanceof Put put) {
      return evaluator.refusal(put, staging.get(put.key()), now, coming);
    }
    return operation instanceof Delete delete
        ? Evaluator.unmet(delete.condition(), staging.get(delete.key()))
        : null;
  }

  /** Bytes that gets read, each of what the operations before it have written. */
  private long bytesRead(List<Operation> operations) {
    Map<Key, Integer> sizes = new HashMap<>();
    long read = 0;
    for (Operation operation : operations) {
      if (operation instanceof Put put) {
        sizes.put(put.key(), put.value().size());
      } else if (operation instanceof Delete delete) {
        sizes.put(delete.key(), 0);
      } else if (operation instanceof Get get) {
        read += sizes.computeIfAbsent(get.key(), this::size);
      }
    }
    return read;
  }

  private int size(Key key) {
    Entry entry = staging.get(key);
    return entry == null ? 0 : entry.value().size();
  }

  /** A delete of a missing key changes nothing: a revision has at least one event. */
  private boolean changesSomething(List<Operation> operations) {
    return operations.stream()
        .anyMatch(
            operation ->
                operation instanceof Put
                    || operation instanceof Delete delete && staging.get(delete.key()) != null);
  }

  private Outcome perform(Operation operation, long now) {
    if (operation instanceof Put put) {
      return evaluator.write(put, staging.get(put.key()), now);
    }
    if (operation instanceof Delete delete) {
      Entry before = staging.get(delete.key());
      if (before == null) {
        return new Outcome.Missing();
      }
      staging.delete(before, Reason.CLIENT, now);
      return new Outcome.Deleted(staging.revision());
    }
    if (operation instanceof Get get) {
      Entry entry = staging.get(get.key());
      return entry == null ? new Outcome.Missing() : new Outcome.Found(entry);
    }
    return list((ListRange) operation);
  }

  private Outcome list(ListRange list) {
    List<Entry> found = staging.first(list.range(), list.limit() + 1, maxBytes - bytes);
    List<Entry> entries = new ArrayList<>();
    for (Entry entry : found) {
      if (entries.size() == list.limit() || bytes > maxBytes) {
        return new Outcome.Listed(entries, true);
      }
      entries.add(entry);
      bytes += Staging.weight(entry);
    }
    return new Outcome.Listed(entries, false);
  }
}
