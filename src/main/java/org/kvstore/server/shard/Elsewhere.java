package org.kvstore.server.shard;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.kvstore.server.model.Consistency;
import org.kvstore.server.replication.raft.RemoteReads;
import org.kvstore.server.store.Changes;
import org.kvstore.server.store.CommitListener;
import org.kvstore.server.store.Read;
import org.kvstore.server.store.WatchHub;

/**
 * How a shard of a cluster is read, and heard of, while it has no replica here: by the replicas of
 * other nodes.
 */
final class Elsewhere implements ChangeFeed.Reader {
  /** How long a read of other shards is held up for a revision. */
  private static final long NEWS_MILLIS = 500;

  private final int shard;
  private final RemoteReads reads;
  private final CommitListener listener;
  private final WatchHub watches;
  private final ChangeFeed feed;

  /**
   * @param listener hears of commits before the watches do
   */
  Elsewhere(int shard, RemoteReads reads, CommitListener listener, WatchHub watches) {
    this.shard = shard;
    this.reads = reads;
    this.listener = listener;
    this.watches = watches;
    feed = new ChangeFeed(shard, reads, watches::count, this);
  }

  RemoteReads reads() {
    return reads;
  }

  <T> CompletableFuture<T> read(Consistency consistency, Read<T> read) {
    return reads.read(shard, consistency, read);
  }

  /** As {@link RemoteReads#readBeyond}. */
  <T> CompletableFuture<T> readBeyond(long revision, Duration wait, Read<T> read) {
    return reads.readBeyond(shard, revision, wait, read);
  }

  @Override
  public void changed(Changes changes) {
    if (!changes.events().isEmpty()) {
      listener.committed(changes.events());
      watches.committed(changes.events());
    }
    watches.heard(changes.upTo());
  }

  @Override
  public void begun(long revision) {
    watches.heard(revision);
  }

  @Override
  public void skipped(long revision) {
    watches.heard(revision);
    listener.recovered();
  }

  /** A replica here is read from now on, and tells of its commits; it has come to a revision. */
  void came(long revision) {
    feed.end();
    // What was committed between the newest news and now, nobody has told of.
    watches.heard(revision);
    listener.recovered();
  }

  /** The replica here is not read any more. */
  void goes() {
    if (feed.isWanted()) {
      feed.goOn(watches.newest());
    }
    listener.recovered();
  }

  void end() {
    feed.end();
  }

  /**
   * Has whoever listens be told of each commit, be the shard here or not, until the result is run.
   *
   * @param isHere whether a replica here is read; asked once the feed is known to be wanted, so
   *     that a replica that goes meanwhile has it go on
   * @param here completes when that shows everything acknowledged before
   */
  CompletionStage<Runnable> follow(BooleanSupplier isHere, Supplier<CompletionStage<Void>> here) {
    feed.want();
    CompletionStage<Void> begun = isHere.getAsBoolean() ? here.get() : feed.begin();
    if (isHere.getAsBoolean()) {
      // It came meanwhile, and tells of its commits itself.
      feed.end();
    }
    return begun.handle(
        (any, failure) -> {
          if (failure != null) {
            feed.leave();
            throw failure instanceof CompletionException known
                ? known
                : new CompletionException(failure);
          }
          return feed::leave;
        });
  }

  /** The newest revision that other nodes have told of. */
  long revision() {
    return Math.max(reads.revision(shard), watches.newest());
  }

  /**
   * What is on its way of the newest revision, where none is known; empty otherwise. One that was
   * told a while ago is asked for, and not waited for. It never fails, and ends soon.
   */
  Optional<CompletionStage<Void>> news() {
    if (reads.isFresh(shard)) {
      return Optional.empty();
    }
    boolean isKnown = reads.revision(shard) > 0;
    CompletableFuture<Void> news =
        read(Consistency.LOCAL, new Read.Newest()).handle((revision, failure) -> (Void) null);
    return isKnown
        ? Optional.empty()
        : Optional.of(news.completeOnTimeout(null, NEWS_MILLIS, TimeUnit.MILLISECONDS));
  }
}
