package org.kvstore.server.store;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.Bytes;
import org.kvstore.server.model.Command;
import org.kvstore.server.model.Command.Compact;
import org.kvstore.server.model.Command.Delete;
import org.kvstore.server.model.Command.DeleteRange;
import org.kvstore.server.model.Command.Expire;
import org.kvstore.server.model.Command.Modify;
import org.kvstore.server.model.Command.Put;
import org.kvstore.server.model.Command.Transact;
import org.kvstore.server.model.Condition;
import org.kvstore.server.model.Entry;
import org.kvstore.server.model.Event.Reason;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.model.Lease;
import org.kvstore.server.model.Lifetime;
import org.kvstore.server.model.Limits;
import org.kvstore.server.model.Outcome;
import org.kvstore.server.model.Outcome.Rejected;
import org.kvstore.server.model.ShardNumber;
import org.kvstore.server.model.Submission;
import org.kvstore.server.model.Submission.RequestName;
import org.kvstore.server.store.RequestRows.Remembered;

/**
 * Decides what commands do, one after the other, each against the state that the one before left.
 * The decision depends on nothing but the state and the submission: every replica comes to the
 * same.
 *
 * <p>A command is checked whole before it changes anything, as a change cannot be taken back.
 */
final class Evaluator {
  private final Staging staging;
  private final Limits limits;
  private final Patcher patcher;
  private final LeaseCommands leases;

  /**
   * @param shard which of all shards decides
   */
  Evaluator(Staging staging, Limits limits, Patcher patcher, ShardNumber shard) {
    this.staging = staging;
    this.limits = limits;
    this.patcher = patcher;
    leases = new LeaseCommands(staging, limits, shard);
  }

  Outcome evaluate(Submission submission) {
    RequestName request = submission.request();
    if (request == null) {
      return apply(submission.command(), submission.submittedAt());
    }
    Remembered earlier = staging.requests().get(request.key());
    if (earlier != null && earlier.covers(submission.submittedAt(), limits.requestMemory())) {
      return earlier.answer(request);
    }
    Outcome outcome = apply(submission.command(), submission.submittedAt());
    if (RequestRows.remembers(outcome)) {
      staging
          .requests()
          .put(
              request.key(),
              new Remembered(submission.submittedAt(), request.fingerprint(), outcome));
    }
    return outcome;
  }

  private Outcome apply(Command command, long now) {
    if (command instanceof Put put) {
      return put(put, now);
    }
    if (command instanceof Delete delete) {
      return delete(delete, now);
    }
    if (command instanceof Modify modify) {
      return modify(modify, now);
    }
    if (command instanceof Transact transact) {
      return new Transaction(staging, this, limits.pageBytes()).apply(transact, now);
    }
    if (command instanceof DeleteRange deleteRange) {
      return deleteRange(deleteRange, now);
    }
    if (command instanceof Compact compact) {
      return compact(compact);
    }
    return command instanceof Expire expire ? expire(expire, now) : leases.apply(command, now);
  }

  private Outcome put(Put put, long now) {
    Entry before = staging.get(put.key());
    Outcome refusal = refusal(put, before, now, new HashMap<>());
    if (refusal != null) {
      return refusal;
    }
    staging.nextRevision();
    return write(put, before, now);
  }

  /**
   * Why a put cannot be done, or null.
   *
   * @param coming keys that the same command hangs on each lease, this one included afterwards
   */
  @Nullable Outcome refusal(Put put, @Nullable Entry before, long now, Map<Long, Integer> coming) {
    Outcome failed = unmet(put.condition(), before);
    return failed == null && put.lifetime() instanceof Lifetime.OnLease on
        ? leases.refusal(on, before, now, coming)
        : failed;
  }

  /** The failure of a condition, or null when it holds. */
  static @Nullable Outcome unmet(Condition condition, @Nullable Entry before) {
    return condition.holds(before)
        ? null
        : new Outcome.ConditionFailed(before == null ? 0 : before.modRevision());
  }

  /** Writes an entry as a change of the current revision. Everything has been checked. */
  Outcome.Written write(Put put, @Nullable Entry before, long now) {
    long revision = staging.revision();
    Entry entry =
        new Entry(
            put.key(),
            put.value(),
            put.contentType(),
            before == null ? revision : before.createRevision(),
            revision,
            before == null ? 1 : before.version() + 1,
            now,
            put.lifetime().expiresAt(before == null ? Entry.NEVER : before.expiresAt()),
            put.lifetime().lease(before == null ? Entry.NO_LEASE : before.lease()));
    staging.put(entry, before);
    return new Outcome.Written(
        before == null,
        entry.createRevision(),
        revision,
        entry.version(),
        now,
        entry.expiresAt(),
        entry.lease());
  }

  private Outcome modify(Modify modify, long now) {
    Entry before = staging.get(modify.key());
    Outcome failed = unmet(modify.condition(), before);
    if (failed != null) {
      return failed;
    }
    Patcher.Result patched;
    try {
      patched = patcher.apply(modify.patch(), before);
    } catch (KeyValueException e) {
      String part = e.code() == ErrorCode.PATCH_FAILED ? "body" : "";
      String field = e.field() == null ? part : e.field();
      return new Rejected(e.code(), e.getMessage(), field, e.limit() == null ? -1 : e.limit());
    }
    if (patched.value().size() > limits.valueBytes()) {
      return new Rejected(
          ErrorCode.TOO_LARGE,
          "The patched value would be longer than %d bytes.".formatted(limits.valueBytes()),
          "value",
          limits.valueBytes());
    }
    Put put =
        new Put(
            modify.key(),
            patched.value(),
            patched.contentType(),
            new Lifetime.Keep(),
            Condition.NONE);
    staging.nextRevision();
    return new Outcome.Modified(write(put, before, now), patched.value(), patched.contentType());
  }

  private Outcome delete(Delete delete, long now) {
    Entry before = staging.get(delete.key());
    Outcome failed = unmet(delete.condition(), before);
    if (failed != null) {
      return failed;
    }
    if (before == null) {
      return new Outcome.Missing();
    }
    long revision = staging.nextRevision();
    staging.delete(before, Reason.CLIENT, now);
    return new Outcome.Deleted(revision);
  }

  private Outcome deleteRange(DeleteRange command, long now) {
    List<Entry> entries = staging.first(command.range(), command.limit());
    deleteAll(staging, entries, Reason.CLIENT, now);
    Bytes resume =
        entries.size() < command.limit() ? null : entries.get(entries.size() - 1).key().utf8();
    return new Outcome.RangeDeleted(command.deletedBefore() + entries.size(), resume);
  }

  private Outcome compact(Compact compact) {
    if (compact.revision() > staging.revision()) {
      return new Rejected(
          ErrorCode.REQUEST_INVALID,
          "The revision is above the newest one, %d.".formatted(staging.revision()),
          "revision",
          staging.revision());
    }
    if (compact.revision() > staging.compacted()) {
      staging.compact(compact.revision());
    }
    return new Outcome.Compacted(staging.compacted());
  }

  /** What cannot be read stays, and keeps nothing else from its end. */
  private Outcome expire(Expire expire, long now) {
    staging.beginLook(now);
    List<Entry> due = staging.due(now, expire.limit());
    deleteAll(staging, due, Reason.EXPIRED, now);
    int expired = due.size();
    Lease over = staging.leases().firstOver(now);
    while (over != null && expired < expire.limit()) {
      expired += Math.max(1, leases.expire(over, now));
      over = staging.leases().firstOver(now);
    }
    boolean moreRequests = staging.requests().forget(now - memoryMillis(), expire.limit());
    return new Outcome.Expired(
        expired, moreRequests || over != null || due.size() == expire.limit());
  }

  /** Deletes entries in one revision. */
  static void deleteAll(Staging staging, List<Entry> entries, Reason reason, long now) {
    if (entries.isEmpty()) {
      return;
    }
    staging.nextRevision();
    entries.forEach(entry -> staging.delete(entry, reason, now));
  }

  private long memoryMillis() {
    return limits.requestMemory().toMillis();
  }
}
