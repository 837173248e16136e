package org.kvstore.server.service;

import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.model.Limits;

/**
 * Runs what takes as long as its client likes, each task on a thread of its own. Every kind has
 * places of its own, so that clients which are slow with one keep nobody out of another.
 *
 * <p>A large answer is on the heap until its reader has taken it, so answers are bounded in bytes
 * too.
 */
public final class Apart {
  private static final int MOST_ANSWERS = 64;
  private static final int MOST_ADMIN = 16;
  private static final int MOST_CLUSTER = 2;
  private static final int IDLE_SECONDS = 10;

  /** Kinds of tasks. */
  public enum Kind {
    /** Batches and exports, which are bounded by limits of their own too. */
    STREAM,
    /** What operators ask for. */
    ADMIN,
    /** Changes of who belongs to the cluster and who leads. */
    CLUSTER,
    /** An answer that waits for its reader. */
    ANSWER
  }

  private final ThreadPoolExecutor threads;
  private final Map<Kind, Places> places = new EnumMap<>(Kind.class);

  Apart(Limits limits, ThreadFactory own) {
    // The places are the bound.
    threads =
        new ThreadPoolExecutor(
            0, Integer.MAX_VALUE, IDLE_SECONDS, TimeUnit.SECONDS, new SynchronousQueue<>(), own);
    places.put(Kind.STREAM, new Places(limits.exports() + limits.batches(), 0));
    places.put(Kind.ADMIN, new Places(MOST_ADMIN, 0));
    places.put(Kind.CLUSTER, new Places(MOST_CLUSTER, 0));
    places.put(Kind.ANSWER, new Places(MOST_ANSWERS, limits.answerBytes()));
  }

  /**
   * Runs a task.
   *
   * @param bytes what it keeps on the heap, where that is bounded; else 0
   * @throws KeyValueException TOO_MANY_REQUESTS when its kind has no place left, UNAVAILABLE when
   *     the service is stopping; the task does not run
   */
  void run(Kind kind, long bytes, Runnable task) {
    Places own = places.getOrDefault(kind, Places.NONE);
    if (!own.take(bytes)) {
      throw KeyValueException.of(
          ErrorCode.TOO_MANY_REQUESTS, "Too many long requests or large answers are under way.");
    }
    try {
      threads.execute(
          () -> {
            try {
              task.run();
            } finally {
              own.giveBack(bytes);
            }
          });
    } catch (RejectedExecutionException e) {
      own.giveBack(bytes);
      throw KeyValueException.of(ErrorCode.UNAVAILABLE, "The service is stopping.").withCause(e);
    }
  }

  /** Takes no task any more; those that run go on. */
  void shutdown() {
    threads.shutdown();
  }

  /** The places of one kind; this object's monitor guards what is taken of them. */
  private static final class Places {
    static final Places NONE = new Places(0, 0);

    private final int most;
    private final long mostBytes;
    private int taken;
    private long bytes;

    Places(int most, long mostBytes) {
      this.most = most;
      this.mostBytes = mostBytes;
    }

    /** The first may be of any size: else the largest answer there is could never be sent. */
    synchronized boolean take(long size) {
      if (taken >= most || (taken > 0 && bytes + size > mostBytes)) {
        return false;
      }
      taken++;
      bytes += size;
      return true;
    }

    synchronized void giveBack(long size) {
      taken--;
      bytes -= size;
    }
  }
}
