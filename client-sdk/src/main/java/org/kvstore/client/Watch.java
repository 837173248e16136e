package org.kvstore.client;

import java.io.EOFException;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.kvstore.api.ErrorCode;

/**
 * A running watch. Its reader thread connects again by itself and goes on after the last whole
 * revision, so nothing is lost, doubled or reordered.
 *
 * <p>At most {@value #MAX_BUFFERED} events wait to be taken, plus the revision that is being read;
 * then the reader stops reading, which in time stops the service. All methods are safe for use by
 * many threads; each event is handed out once.
 */
public final class Watch implements AutoCloseable {
  /** Most events that wait to be taken. */
  public static final int MAX_BUFFERED = 128;

  private static final Duration A_WHILE = Duration.ofHours(1);

  private final WatchSource source;
  private final Backoff backoff;

  /** From the reader to the consumers: an event, or why there will be no more. */
  private final BlockingQueue<Item> queue = new ArrayBlockingQueue<>(MAX_BUFFERED);

  // Used by the thread that opens the watch, then by the reader.
  private @Nullable String position;
  private List<WatchEvent> opening = List.of();

  /** Guarded by this object's monitor. */
  private @Nullable Thread reader;

  private volatile @Nullable RevisionStream connection;
  private volatile @Nullable RuntimeException ending;
  private volatile boolean closed;

  /** An event; or, with an ending, the end. */
  private record Item(@Nullable WatchEvent event, @Nullable RuntimeException ending) {}

  private Watch(WatchSource source, @Nullable String position, Backoff backoff) {
    this.source = source;
    this.position = position;
    this.backoff = backoff;
  }

  /**
   * Opens a watch. When this returns, the position where it begins is fixed.
   *
   * @throws KeyValueException if the first connection fails
   */
  static Watch open(
      WatchSource source, @Nullable String position, Backoff backoff, Executor executor) {
    Watch watch = new Watch(source, position, backoff);
    watch.connectFirst();
    try {
      executor.execute(watch::run);
    } catch (RejectedExecutionException refused) {
      watch.close();
      throw refused;
    }
    return watch;
  }

  /**
   * The next event, as soon as it is there; empty when the time is over.
   *
   * @throws CompactedException after {@link WatchEvent.Compacted} has been handed out
   * @throws KeyValueException if the watch cannot go on, however often it connects
   * @throws IllegalStateException if the watch is closed
   * @throws InterruptedException if the thread is interrupted
   */
  public Optional<WatchEvent> next(Duration timeout) throws InterruptedException {
    Item item = take(timeout);
    if (item == null) {
      return Optional.empty();
    }
    RuntimeException end = item.ending();
    if (end != null) {
      throw end;
    }
    return Optional.ofNullable(item.event());
  }

  /**
   * Hands each event to an action, on this thread, until the watch is closed or compacted.
   *
   * @throws KeyValueException if the watch cannot go on
   * @throws InterruptedException if the thread is interrupted
   */
  public void forEach(Consumer<? super WatchEvent> action) throws InterruptedException {
    while (true) {
      Item item = take(A_WHILE);
      WatchEvent event = item == null ? null : item.event();
      if (event != null) {
        action.accept(event);
      }
      RuntimeException end = item == null ? null : item.ending();
      if (closed || end instanceof CompactedException) {
        return;
      }
      if (end != null) {
        throw end;
      }
    }
  }

  /** Ends the watch. Events that were not taken are dropped. */
  @Override
  public void close() {
    closed = true;
    synchronized (this) {
      if (reader != null) {
        reader.interrupt();
      }
    }
    disconnect();
    queue.clear();
    end(new IllegalStateException("The watch is closed."));
  }

  private @Nullable Item take(Duration timeout) throws InterruptedException {
    if (ending != null && (closed || queue.isEmpty())) {
      return new Item(null, ending);
    }
    Item item = queue.poll(timeout.toNanos(), TimeUnit.NANOSECONDS);
    if (item != null && item.ending() != null) {
      // The other consumers are to see it too.
      queue.offer(item);
    }
    return item;
  }

  private void connectFirst() {
    try {
      RevisionStream first = connect();
      while (position == null) {
        opening = received(first.next());
      }
    } catch (CompactedException compacted) {
      opening = List.of(new WatchEvent.Compacted(compacted));
    } catch (IOException | KeyValueException failed) {
      disconnect();
      throw typed(failed);
    }
  }

  private void run() {
    readBy(Thread.currentThread());
    int failures = 0;
    try {
      hand(opening);
      while (!closed && ending == null) {
        try {
          RevisionStream open = connection;
          hand(received((open == null ? connect() : open).next()));
          failures = 0;
        } catch (CompactedException compacted) {
          hand(List.of(new WatchEvent.Compacted(compacted)));
        } catch (IOException | KeyValueException failed) {
          disconnect();
          pauseOrEnd(typed(failed), ++failures);
        }
      }
    } catch (InterruptedException closing) {
      end(new IllegalStateException("The reader of the watch was interrupted."));
    } catch (RuntimeException unexpected) {
      end(unexpected);
    } finally {
      disconnect();
      readBy(null);
    }
  }

  /** Says whom to interrupt. The thread belongs to an executor, which may use it again. */
  private synchronized void readBy(@Nullable Thread thread) {
    reader = thread;
    if (thread == null) {
      Thread.interrupted();
    }
  }

  private RevisionStream connect() {
    RevisionStream open = new RevisionStream(source.open(position));
    connection = open;
    if (closed) {
      disconnect();
    }
    return open;
  }

  /** Moves the position on with what has arrived. */
  private List<WatchEvent> received(@Nullable List<WatchEvent> events) throws IOException {
    if (events == null) {
      throw new EOFException("the service ended the stream");
    }
    WatchEvent last = events.get(events.size() - 1);
    if (last instanceof WatchEvent.Changed changed) {
      position = changed.position();
    } else if (last instanceof WatchEvent.Progress progress) {
      position = progress.position();
    } else if (last instanceof WatchEvent.Compacted compacted) {
      throw compacted.reason();
    }
    return events;
  }

  private void hand(List<WatchEvent> events) throws InterruptedException {
    for (WatchEvent event : events) {
      queue.put(new Item(event, null));
      if (event instanceof WatchEvent.Compacted compacted) {
        end(compacted.reason());
      }
    }
  }

  private void pauseOrEnd(KeyValueException failure, int failures) throws InterruptedException {
    if (!isTemporary(failure)) {
      end(failure);
      return;
    }
    Duration asked = failure.retryAfter().orElse(Duration.ZERO);
    Duration pause = backoff.after(failures);
    Thread.sleep((asked.compareTo(pause) > 0 ? asked : pause).toMillis());
  }

  private synchronized void end(RuntimeException reason) {
    if (ending == null) {
      ending = reason;
    }
    // When there is no room, nobody waits: the last event taken leads to the ending.
    queue.offer(new Item(null, ending));
  }

  private void disconnect() {
    RevisionStream open = connection;
    connection = null;
    try {
      if (open != null) {
        open.close();
      }
    } catch (IOException broken) {
      // It was given up anyway.
    }
  }

  private static KeyValueException typed(Exception failed) {
    return failed instanceof KeyValueException known ? known : Transport.READ.failure(failed);
  }

  /** Whether another connection may succeed; without a code, a proxy has answered. */
  private static boolean isTemporary(KeyValueException failure) {
    return failure
        .code()
        .map(code -> code == ErrorCode.TOO_MANY_REQUESTS || code.status() >= 500)
        .orElse(failure.status() >= 500);
  }
}
