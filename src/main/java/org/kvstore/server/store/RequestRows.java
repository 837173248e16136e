package org.kvstore.server.store;

import java.time.Duration;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.kvstore.server.model.Bytes;
import org.kvstore.server.model.Outcome;
import org.kvstore.server.model.Outcome.Expired;
import org.kvstore.server.model.Outcome.NameReused;
import org.kvstore.server.model.Outcome.RangeDeleted;
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
    /** Whether a submission at a time is a repeat, as it has not been long. */
    boolean covers(long submittedAt, Duration memory) {
      return time > submittedAt - memory.toMillis();
    }

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
    return OutcomeRows.write(row, request.outcome()).toArray();
  }

  static Remembered remembered(byte[] value) {
    Decoder row = new Decoder(value).expectVersion(FORMAT);
    return new Remembered(row.variable(), row.sizedBytes(), OutcomeRows.read(row));
  }

  /** Whether an outcome is worth remembering: the final answer of a client's request. */
  static boolean remembers(@Nullable Outcome outcome) {
    return !(outcome instanceof RangeDeleted deleted && deleted.resume() != null)
        && !(outcome instanceof Expired)
        && !(outcome instanceof NameReused);
  }
}
