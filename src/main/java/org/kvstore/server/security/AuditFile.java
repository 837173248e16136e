package org.kvstore.server.security;

import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.function.LongSupplier;

/**
 * A file of the audit log. What is done goes on when it cannot be written, so lines may be lost:
 * they are counted, and it is logged at once, and then once a minute. Each line tries anew.
 */
final class AuditFile {
  private static final Logger LOG = System.getLogger(AuditFile.class.getName());
  private static final long MINUTE = 60_000_000_000L;

  private final String name;
  private final RotatingFile file;
  private final LongSupplier nanoTime;

  /** As of the newest line. Written under the monitor, which guards the rest too. */
  private volatile boolean isFailing;

  private volatile long lost;
  private boolean isTold;
  private long toldAt;

  /**
   * @param name what it is called in the log
   */
  AuditFile(String name, RotatingFile file, LongSupplier nanoTime) {
    this.name = name;
    this.file = file;
    this.nanoTime = nanoTime;
    toldAt = nanoTime.getAsLong() - MINUTE;
  }

  /** Adds a line, or counts it as lost. */
  void append(String line) {
    try {
      file.append(line);
      if (isFailing) {
        works();
      }
    } catch (IOException e) {
      failed(e);
    }
  }

  /** Whether the newest line was lost. */
  boolean isFailing() {
    return isFailing;
  }

  /** Lines that were lost since the start. */
  long lost() {
    return lost;
  }

  private synchronized void failed(IOException failure) {
    isFailing = true;
    lost = lost + 1;
    long now = nanoTime.getAsLong();
    if (now - toldAt >= MINUTE) {
      toldAt = now;
      isTold = true;
      LOG.log(
          Level.ERROR,
          "The audit log cannot be written, lines are lost. file={0} lost={1} reason={2}",
          name,
          Long.toString(lost),
          failure);
    }
  }

  private synchronized void works() {
    isFailing = false;
    if (isTold) {
      isTold = false;
      LOG.log(
          Level.WARNING,
          "The audit log is written again. file={0} lost={1}",
          name,
          Long.toString(lost));
    }
  }

  void close() {
    try {
      file.close();
    } catch (IOException e) {
      LOG.log(Level.WARNING, "The audit log was not closed. file=" + name, e);
    }
  }
}
