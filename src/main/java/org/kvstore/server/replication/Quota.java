package org.kvstore.server.replication;

import java.util.function.LongSupplier;

/**
 * How much room the data may take of the disk. Once it is reached, writes that grow are refused;
 * what shrinks goes on.
 *
 * <p>The files are measured now and then, off the way of writes. What was committed since is
 * counted on top, as it is in the log at least. The committer asks before each group, so no more
 * than one group goes beyond the quota, and what tables take more than the log did.
 */
public final class Quota {
  private final long bytes;
  private final LongSupplier files;
  private final LongSupplier written;
  private volatile Measurement newest = new Measurement(0, 0);

  /** What the files took when so many bytes had been written, or a few more. */
  private record Measurement(long used, long written) {}

  /**
   * @param bytes what the files may take; 0 for no quota
   * @param files measures them: bytes
   * @param written bytes written to them by commits, from any start; only rises
   */
  public Quota(long bytes, LongSupplier files, LongSupplier written) {
    this.bytes = bytes;
    this.files = files;
    this.written = written;
  }

  /** No quota. */
  static Quota none() {
    return new Quota(0, () -> 0, () -> 0);
  }

  /** What the files may take: bytes; 0 when there is no quota. */
  public long bytes() {
    return bytes;
  }

  /** Whether there is one. */
  public boolean exists() {
    return bytes > 0;
  }

  /** Measures the files; to be called several times a second. */
  public void measure() {
    if (exists()) {
      long before = written.getAsLong();
      newest = new Measurement(files.getAsLong(), before);
    }
  }

  /** Whether writes that grow are refused for it. */
  public boolean isReached() {
    Measurement measured = newest;
    return exists() && measured.used + written.getAsLong() - measured.written >= bytes;
  }
}
