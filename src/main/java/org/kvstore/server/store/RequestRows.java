package org.kvstore.server.store;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.kvstore.server.model.Bytes;
import org.kvstore.server.model.Outcome;
import org.kvstore.server.model.Outcome.ConditionFailed;
import org.kvstore.server.model.Outcome.Deleted;
import org.kvstore.server.model.Outcome.Expired;
import org.kvstore.server.model.Outcome.Missing;
import org.kvstore.server.model.Outcome.NameReused;
import org.kvstore.server.model.Outcome.RangeDeleted;
import org.kvstore.server.model.Outcome.Written;
import org.kvstore.server.model.Submission.RequestName;

/**
 * The disk format of the table of requests, which remembers what a named request was answered:
 *
 * <pre>
 * 'n', name          time of the request, fingerprint, outcome
 * 't', time, name    nothing: finds what may be forgotten
 * </pre>
 */
final class RequestRows {
  private static final int FORMAT = 1;
  private static final byte BY_NAME = 'n';
  private static final byte BY_TIME = 't';
  private static final int TIME_HEAD = 1 + Long.BYTES;

  private RequestRows() {}

  /**
   * What is remembered of one request.
   *
   * @param time when it was submitted: milliseconds since the epoch
   */
  record Remembered(long time, Bytes fingerprint, Outcome outcome) {
    /** What a repeat is answered: the same, unless it asks for something else. */
    Outcome answer(RequestName repeat) {
      return fingerprint.equals(repeat.fingerprint()) ? outcome : new NameReused();
    }
  }

  static byte[] byName(String name) {
    return new Encoder(1 + name.length()).fixed8(BY_NAME).raw(Bytes.ofUtf8(name)).toArray();
  }

  static byte[] byTime(long time, String name) {
    return new Encoder(TIME_HEAD + name.length())
        .fixed8(BY_TIME)
        .fixed64(time)
        .raw(Bytes.ofUtf8(name))
        .toArray();
  }

  static long timeOf(byte[] byTime) {
    return new Decoder(byTime, 1).fixed64();
  }

  static String nameOf(byte[] byTime) {
    return Bytes.takeOver(Arrays.copyOfRange(byTime, TIME_HEAD, byTime.length)).toUtf8();
  }

  static byte[] value(Remembered request) {
    Encoder row =
        new Encoder(96).fixed8(FORMAT).variable(request.time()).sized(request.fingerprint());
    Outcome outcome = request.outcome();
    if (outcome instanceof Written written) {
      return row.fixed8(1)
          .fixed8(written.created() ? 1 : 0)
          .variable(written.createRevision())
          .variable(written.modRevision())
          .variable(written.version())
          .variable(written.modifiedAt())
          .variable(written.expiresAt())
          .toArray();
    }
    if (outcome instanceof Deleted deleted) {
      return row.fixed8(2).variable(deleted.revision()).toArray();
    }
    if (outcome instanceof Missing) {
      return row.fixed8(3).toArray();
    }
    if (outcome instanceof ConditionFailed failed) {
      return row.fixed8(4).variable(failed.currentRevision()).toArray();
    }
    if (outcome instanceof RangeDeleted deleted && deleted.resume() == null) {
      return row.fixed8(5).variable(deleted.deleted()).toArray();
    }
    throw new IllegalArgumentException("Not remembered: " + outcome);
  }

  static Remembered remembered(byte[] value) {
    Decoder row = new Decoder(value).expectVersion(FORMAT);
    return new Remembered(row.variable(), row.sizedBytes(), outcome(row));
  }

  /** Whether an outcome is worth remembering: the final answer of a client's request. */
  static boolean remembers(@Nullable Outcome outcome) {
    return !(outcome instanceof RangeDeleted deleted && deleted.resume() != null)
        && !(outcome instanceof Expired)
        && !(outcome instanceof NameReused);
  }

  private static Outcome outcome(Decoder row) {
    int kind = row.fixed8();
    return switch (kind) {
      case 1 ->
          new Written(
              row.fixed8() == 1,
              row.variable(),
              row.variable(),
              row.variable(),
              row.variable(),
              row.variable());
      case 2 -> new Deleted(row.variable());
      case 3 -> new Missing();
      case 4 -> new ConditionFailed(row.variable());
      case 5 -> new RangeDeleted(row.variable(), null);
      default -> throw new IllegalStateException("Unknown outcome " + kind + " in requests.");
    };
  }
}
