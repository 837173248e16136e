package org.kvstore.server.api;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.context.BeforeDestroyed;
import jakarta.enterprise.context.Initialized;
import jakarta.enterprise.event.Observes;
import java.io.IOException;
import java.io.InputStream;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Ends the waits for bodies when the server does. Liberty closes their connections 12 s after it
 * was told to stop ({@code chainQuiesceTimeout}), but does not wake a thread that reads from one,
 * and waits for that thread; once interrupted, it finds the connection closed.
 *
 * <p>The monitor of {@link #READING} guards who reads: a thread is interrupted while it does, or
 * not at all.
 */
@ApplicationScoped
public class BlockedReads {
  private static final Logger LOG = System.getLogger(BlockedReads.class.getName());
  private static final Duration CLOSED_AFTER = Duration.ofSeconds(13);
  private static final Duration PERIOD = Duration.ofMillis(500);
  private static final int MOST_PERIODS = 60;
  private static final Set<Thread> READING = new HashSet<>();

  private @Nullable Thread hook;

  /** Reads up to so many bytes, for as long as the server runs. */
  static byte[] readNBytes(InputStream in, int most) throws IOException {
    Thread reader = Thread.currentThread();
    synchronized (READING) {
      READING.add(reader);
    }
    try {
      return in.readNBytes(most);
    } finally {
      synchronized (READING) {
        READING.remove(reader);
      }
    }
  }

  void start(@Observes @Initialized(ApplicationScoped.class) Object event) {
    hook = new Thread(BlockedReads::endAll, "kvstore-blocked-reads");
    Runtime.getRuntime().addShutdownHook(hook);
  }

  void stop(@Observes @BeforeDestroyed(ApplicationScoped.class) Object event) {
    try {
      if (hook != null) {
        Runtime.getRuntime().removeShutdownHook(hook);
      }
    } catch (IllegalStateException ending) {
      LOG.log(Level.DEBUG, "The process ends.", ending);
    }
  }

  /** The process waits for this to return: it does as soon as nobody reads. */
  private static void endAll() {
    long closed = System.nanoTime() + CLOSED_AFTER.toNanos();
    try {
      for (int i = 0; i < MOST_PERIODS && isAnyReading(System.nanoTime() - closed > 0); i++) {
        Thread.sleep(PERIOD.toMillis());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static boolean isAnyReading(boolean interrupt) {
    synchronized (READING) {
      if (interrupt) {
        READING.forEach(Thread::interrupt);
      }
      return !READING.isEmpty();
    }
  }
}
