package org.kvstore.server.store;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.kvstore.server.model.Bytes;
import org.kvstore.server.model.Command;
import org.kvstore.server.model.Command.Delete;
import org.kvstore.server.model.Command.DeleteRange;
import org.kvstore.server.model.Command.Expire;
import org.kvstore.server.model.Command.Put;
import org.kvstore.server.model.Entry;
import org.kvstore.server.model.Event.Reason;
import org.kvstore.server.model.Outcome;
import org.kvstore.server.model.Submission;
import org.kvstore.server.model.Submission.RequestName;
import org.kvstore.server.store.RequestRows.Remembered;

/**
 * Decides what commands do, one after the other, each against the state that the one before left.
 * The decision depends on nothing but the state and the submission: every replica comes to the
 * same.
 */
final class Evaluator {
  private final Staging staging;
  private final long requestMemoryMillis;

  Evaluator(Staging staging, long requestMemoryMillis) {
    this.staging = staging;
    this.requestMemoryMillis = requestMemoryMillis;
  }

  Outcome evaluate(Submission submission) {
    RequestName request = submission.request();
    if (request == null) {
      return apply(submission);
    }
    Remembered earlier = staging.remembered(request.key());
    if (earlier != null && earlier.time() > submission.submittedAt() - requestMemoryMillis) {
      return earlier.answer(request);
    }
    Outcome outcome = apply(submission);
    if (RequestRows.remembers(outcome)) {
      staging.remember(
          request.key(), new Remembered(submission.submittedAt(), request.fingerprint(), outcome));
    }
    return outcome;
  }

  private Outcome apply(Submission submission) {
    Command command = submission.command();
    if (command instanceof Put put) {
      return put(put, submission.submittedAt());
    }
    if (command instanceof Delete delete) {
      return delete(delete);
    }
    if (command instanceof DeleteRange deleteRange) {
      return deleteRange(deleteRange);
    }
    return expire((Expire) command, submission.submittedAt());
  }

  private Outcome put(Put put, long now) {
    Entry before = staging.get(put.key());
    if (!put.condition().holds(before)) {
      return conditionFailed(before);
    }
    long revision = staging.nextRevision();
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
            0);
    staging.put(entry, before);
    return new Outcome.Written(
        before == null, entry.createRevision(), revision, entry.version(), now, entry.expiresAt());
  }

  private Outcome delete(Delete delete) {
    Entry before = staging.get(delete.key());
    if (!delete.condition().holds(before)) {
      return conditionFailed(before);
    }
    if (before == null) {
      return new Outcome.Missing();
    }
    long revision = staging.nextRevision();
    staging.delete(before, Reason.CLIENT);
    return new Outcome.Deleted(revision);
  }

  private Outcome deleteRange(DeleteRange command) {
    List<Entry> entries = staging.first(command.range(), command.limit());
    deleteAll(entries, Reason.CLIENT);
    Bytes resume =
        entries.size() < command.limit() ? null : entries.get(entries.size() - 1).key().utf8();
    return new Outcome.RangeDeleted(command.deletedBefore() + entries.size(), resume);
  }

  private Outcome expire(Expire expire, long now) {
    List<Entry> due = staging.due(now, expire.limit());
    deleteAll(due, Reason.EXPIRED);
    boolean moreRequests = staging.forget(now - requestMemoryMillis, expire.limit());
    return new Outcome.Expired(due.size(), moreRequests || due.size() == expire.limit());
  }

  private void deleteAll(List<Entry> entries, Reason reason) {
    if (entries.isEmpty()) {
      return;
    }
    staging.nextRevision();
    entries.forEach(entry -> staging.delete(entry, reason));
  }

  private static Outcome conditionFailed(@Nullable Entry current) {
    return new Outcome.ConditionFailed(current == null ? 0 : current.modRevision());
  }
}
