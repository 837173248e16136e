import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicLongArray;

/**
 * What was written: for each write, by its sequence number, the revision that its acknowledgement
 * named and when that came. Write n goes to prefix n modulo the number of prefixes.
 *
 * <p>The writer's thread adds; any thread reads.
 */
final class Ledger {
  static final int VALUE_BYTES = 100;

  private final int prefixes;
  private final AtomicLongArray revisions;
  private final AtomicLongArray times;
  private final AtomicIntegerArray acknowledged;
  private volatile int sent;
  private volatile long newest;

  /**
   * @param capacity the most writes there may be
   */
  Ledger(int prefixes, int capacity) {
    this.prefixes = prefixes;
    revisions = new AtomicLongArray(capacity);
    times = new AtomicLongArray(capacity);
    acknowledged = new AtomicIntegerArray(prefixes);
  }

  int prefixes() {
    return prefixes;
  }

  int prefixOf(int write) {
    return write % prefixes;
  }

  /** The sequence number of the next write. */
  int next() {
    if (sent == revisions.length()) {
      throw new Failure("more writes than the ledger has room for");
    }
    return sent++;
  }

  void acknowledge(int write, long revision, long now) {
    times.set(write, now);
    revisions.set(write, revision);
    newest = Math.max(newest, revision);
    acknowledged.incrementAndGet(prefixOf(write));
  }

  int sent() {
    return sent;
  }

  int acknowledged() {
    int sum = 0;
    for (int prefix = 0; prefix < prefixes; prefix++) {
      sum += acknowledged(prefix);
    }
    return sum;
  }

  int acknowledged(int prefix) {
    return acknowledged.get(prefix);
  }

  /** The newest revision that is acknowledged. */
  long newest() {
    return newest;
  }

  /** The revision of a write; 0 while it is not acknowledged. */
  long revision(int write) {
    return revisions.get(write);
  }

  /** When a write was acknowledged, if it has been. */
  long time(int write) {
    return times.get(write);
  }
}
