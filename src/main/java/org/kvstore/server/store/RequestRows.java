package org.kvstore.server.store;

import java.time.Duration;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.kvstore.server.crypto.DataKey;
import org.kvstore.server.crypto.Sealer;
import org.kvstore.server.model.Bytes;
import org.kvstore.server.model.Outcome;
import org.kvstore.server.model.Outcome.Expired;
import org.kvstore.server.model.Outcome.NameReused;
import org.kvstore.server.model.Outcome.NoBranch;
import org.kvstore.server.model.Outcome.OperationRefused;
import org.kvstore.server.model.Outcome.RangeDeleted;
import org.kvstore.server.model.Submission.RequestName;

/**
 * The disk format of the table of requests, which remembers what a named request was answered:
 *
 * <pre>
 * 'n', name          time of the request, fingerprint, outcome
 * 't', time, name    nothing: finds what may be forgotten
 * </pre>
 *
 * In an encrypted database all of it is sealed, together with the name; format 2 says so.
 */
final class RequestRows {
  private static final int FORMAT = 1;
  private static final int SEALED = 2;
  private static final byte BY_NAME = 'n';
  private static final byte BY_TIME = 't';
  private static final int ROW_BYTES = 96;
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

  /** The name that a row of either kind is keyed by. */
  static String nameOf(byte[] rowKey) {
    int at = isByName(rowKey) ? 1 : TIME_HEAD;
    return Bytes.takeOver(Arrays.copyOfRange(rowKey, at, rowKey.length)).toUtf8();
  }

  /** Whether a row holds what is remembered; else it only finds it by time. */
  static boolean isByName(byte[] rowKey) {
    return rowKey[0] == BY_NAME;
  }

  static byte[] value(String name, Remembered request, @Nullable Sealer sealer) {
    Encoder row = sealer == null ? new Encoder(ROW_BYTES).fixed8(FORMAT) : new Encoder(ROW_BYTES);
    row.variable(request.time()).sized(request.fingerprint());
    byte[] content = OutcomeRows.write(row, request.outcome()).toArray();
    if (sealer == null) {
      return content;
    }
    byte[] sealed = sealer.seal(associated(name), content);
    return new Encoder(1 + sealed.length).fixed8(SEALED).raw(sealed).toArray();
  }

  static Remembered remembered(String name, byte[] value, @Nullable DataKey dataKey) {
    Decoder row = new Decoder(value).expectVersion(dataKey == null ? FORMAT : SEALED);
    if (dataKey != null) {
      row = Sealed.open(row, dataKey, associated(name));
    }
    return new Remembered(row.variable(), row.sizedBytes(), OutcomeRows.read(row));
  }

  /** Its first byte tells it from that of an entry. */
  private static byte[] associated(String name) {
    return byName(name);
  }

  /** Whether an outcome is worth remembering: the final answer of a client's request. */
  static boolean remembers(@Nullable Outcome outcome) {
    return !(outcome instanceof RangeDeleted deleted && deleted.resume() != null)
        && !(outcome instanceof OperationRefused refused && !remembers(refused.reason()))
        && !(outcome instanceof NoBranch)
        && !(outcome instanceof Expired)
        && !(outcome instanceof NameReused);
  }
}
