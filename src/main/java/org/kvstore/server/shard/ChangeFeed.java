package org.kvstore.server.shard;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.IntSupplier;
import org.jspecify.annotations.Nullable;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.Consistency;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.replication.raft.RemoteReads;
import org.kvstore.server.store.Changes;
import org.kvstore.server.store.Read;

/**
 * Brings the changes of a shard that is elsewhere, while anybody here wants them: it asks a replica
 * for what follows the newest revision that it has, again and again, and each time waits there for
 * a while. So nothing is missed and nothing comes twice, whichever replica answers.
 *
 * <p>The monitor guards who wants them and which run is the newest; what an earlier one still
 * brings is passed over. One question is under way at a time.
 */
final class ChangeFeed {
  private static final Duration WAIT = Duration.ofSeconds(2);
  private static final long PAUSE_MILLIS = 100;
  private static final int EVENTS = 1_000;
  private static final long BYTES = 256 << 10;

  private final int shard;
  private final RemoteReads remote;
  private final IntSupplier watches;
  private final Reader reader;

  /** Those who want changes and are not counted among the watches. */
  private int wanting;

  /** The run under way; null when there is none. */
  private @Nullable Run run;

  /** Who is told; by one thread at a time. */
  interface Reader {
    /** Changes that follow what was told before. */
    void changed(Changes changes);

    /** Changes that follow a revision are told from now on; nobody waits for earlier ones. */
    void begun(long revision);

    /** There were changes up to a revision that are not told. */
    void skipped(long revision);
  }

  /**
   * @param watches says how many want changes without a {@link #want}
   */
  ChangeFeed(int shard, RemoteReads remote, IntSupplier watches, Reader reader) {
    this.shard = shard;
    this.remote = remote;
    this.watches = watches;
    this.reader = reader;
  }

  /** Somebody wants changes, until {@link #leave}. */
  synchronized void want() {
    wanting++;
  }

  /** Undoes a {@link #want}. */
  synchronized void leave() {
    wanting--;
  }

  /** Whether anybody wants changes. */
  synchronized boolean isWanted() {
    return wanting > 0 || watches.getAsInt() > 0;
  }

  /**
   * Has them brought, unless they are already.
   *
   * @return completes when every later change will be told; fails with UNAVAILABLE
   */
  CompletableFuture<Void> begin() {
    Run begun;
    synchronized (this) {
      if (run != null) {
        return run.hasBegun;
      }
      begun = new Run();
      run = begun;
    }
    begun.begin();
    return begun.hasBegun;
  }

  /** The same, where everything up to a revision has been told already. */
  void goOn(long revision) {
    Run begun = new Run();
    synchronized (this) {
      run = begun;
    }
    begun.from(revision);
  }

  /** Tells no more. */
  synchronized void end() {
    run = null;
  }

  private synchronized boolean isNewest(Run of) {
    return run == of;
  }

  /** Ends a run that nobody wants; whether it goes on. */
  private synchronized boolean goesOn(Run of) {
    if (run == of && !isWanted()) {
      run = null;
    }
    return run == of;
  }

  private synchronized void ended(Run of) {
    if (run == of) {
      run = null;
    }
  }

  /** From when it is wanted to when it is not. */
  private final class Run {
    private final CompletableFuture<Void> hasBegun = new CompletableFuture<>();

    /** Everything up to it is told, or was before the beginning. */
    private long position;

    void begin() {
      remote
          .read(shard, Consistency.LINEARIZABLE, new Read.Newest())
          .whenComplete(
              (newest, failure) -> {
                if (failure != null) {
                  failed(failure);
                } else {
                  from(newest);
                }
              });
    }

    private void from(long newest) {
      position = newest;
      boolean isFirst = !hasBegun.isDone();
      if (isNewest(this) && isFirst) {
        reader.begun(newest);
      } else if (isNewest(this)) {
        reader.skipped(newest);
      }
      hasBegun.complete(null);
      next();
    }

    private void next() {
      if (goesOn(this)) {
        remote
            .readBeyond(shard, position, WAIT, new Read.ChangesAfter(position, EVENTS, BYTES))
            .whenComplete(this::came);
      }
    }

    private void came(@Nullable Changes changes, @Nullable Throwable failure) {
      if (changes == null) {
        again(failure);
        return;
      }
      if (isNewest(this)) {
        position = Math.max(position, changes.upTo());
        reader.changed(changes);
      }
      next();
    }

    /** Watches find out by themselves what they have missed, if that is given up. */
    private void again(@Nullable Throwable failure) {
      boolean isLost =
          failure instanceof KeyValueException known && known.code() != ErrorCode.UNAVAILABLE;
      later(isLost ? this::begin : this::next);
    }

    private void failed(Throwable failure) {
      if (hasBegun.completeExceptionally(failure)) {
        ended(this);
      } else {
        later(this::begin);
      }
    }

    private void later(Runnable task) {
      if (goesOn(this) && !remote.isClosed()) {
        CompletableFuture.delayedExecutor(PAUSE_MILLIS, TimeUnit.MILLISECONDS).execute(task);
      }
    }
  }
}
