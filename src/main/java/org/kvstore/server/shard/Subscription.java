package org.kvstore.server.shard;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.model.Revisions;
import org.kvstore.server.store.Turn;
import org.kvstore.server.store.Watch;
import org.kvstore.server.store.WatchSink;
import org.kvstore.server.store.WatchSink.Delivery;

/**
 * The changes of a range as they happen: a watch of each shard that it has keys in, which deliver
 * to one reader in turn. The changes of one shard come in its order, each once; those of several in
 * any. After each revision of a shard the reader knows a position that has everything delivered so
 * far, of all shards, and nothing else.
 *
 * <p>The watches take turns, so one thread at a time asks the reader whether it is ready and
 * delivers. The monitor guards the position and the end: whoever delivers, and whoever ends it.
 */
public final class Subscription implements AutoCloseable {
  private final Reader reader;
  private final List<Watch> watches = new CopyOnWriteArrayList<>();
  private final Turn turn = new Turn();

  /** Guarded by the monitor. */
  private Revisions revisions;

  /** Guarded by the monitor. */
  private boolean ended;

  private final long progressNanos;

  /** Guarded by the monitor. */
  private long sentAt = System.nanoTime();

  /** Who is delivered to; see {@link WatchSink}, whose rules hold for it. */
  public interface Reader {
    /** Whether something may be sent now. */
    boolean isReady();

    /**
     * Prepares to deliver events of a shard: whole revisions, in order.
     *
     * @param before what has been delivered before them, of all shards
     * @return sends them
     */
    Runnable prepare(int shard, Revisions before, List<Delivery> deliveries);

    /** Says that everything up to some revisions has been delivered. */
    void progress(Revisions revisions);

    /** Ends, saying why; nothing is delivered afterwards. */
    void end(KeyValueException reason);
  }

  private Subscription(Reader reader, Revisions from, long progressNanos) {
    this.reader = reader;
    this.progressNanos = progressNanos;
    revisions = from;
  }

  /**
   * Opens one; it begins to deliver when its reader is said to be ready.
   *
   * @param from everything up to these is known; what follows is there still
   * @param progressNanos how long the reader may hear nothing
   * @param permit throws once it is not permitted any more; asked several times a second
   * @throws KeyValueException TOO_MANY_REQUESTS when too many watches are open
   */
  static Subscription open(
      List<Shard> shards,
      Watch.Query query,
      Revisions from,
      Reader reader,
      long progressNanos,
      Runnable permit) {
    Subscription subscription = new Subscription(reader, from, progressNanos);
    try {
      for (Shard shard : shards) {
        subscription.watches.add(
            shard
                .watches()
                .openKnown(
                    query,
                    from.at(shard.number()),
                    subscription.new Sink(shard.number()),
                    permit,
                    subscription.turn));
      }
      if (subscription.hasEnded()) {
        // One ended while others were being opened, which it knew nothing of.
        subscription.close();
      }
      return subscription;
    } catch (RuntimeException e) {
      subscription.close();
      throw e;
    }
  }

  /** Everything up to these is delivered, or not wanted. */
  public synchronized Revisions revisions() {
    return revisions;
  }

  /** Says that the reader is ready again. */
  public void ready() {
    watches.forEach(Watch::ready);
  }

  /** Whether it delivers no more. */
  public boolean hasEnded() {
    return watches.stream().anyMatch(Watch::hasEnded);
  }

  @Override
  public void close() {
    watches.forEach(Watch::close);
  }

  private synchronized void deliver(int shard, Runnable sending, List<Delivery> deliveries) {
    if (ended) {
      return;
    }
    sending.run();
    sentAt = System.nanoTime();
    long newest = -1;
    for (Delivery sent : deliveries) {
      newest = sent.last() ? sent.event().revision() : newest;
    }
    revisions = newest < 0 ? revisions : revisions.with(shard, newest);
  }

  private synchronized void progress(int shard, long revision) {
    revisions = revisions.with(shard, Math.max(revision, revisions.at(shard)));
    long now = System.nanoTime();
    // Each shard says it for itself; the reader wants to hear it once.
    if (!ended && (watches.size() == 1 || now - sentAt >= progressNanos / 2)) {
      sentAt = now;
      reader.progress(revisions);
    }
  }

  private synchronized void end(KeyValueException reason) {
    if (!ended) {
      ended = true;
      reader.end(reason);
    }
  }

  /** Where the watch of one shard delivers to. */
  private final class Sink implements WatchSink {
    private final int shard;

    Sink(int shard) {
      this.shard = shard;
    }

    @Override
    public boolean isReady() {
      return reader.isReady();
    }

    @Override
    public Runnable prepare(List<Delivery> deliveries) {
      Runnable sending = reader.prepare(shard, revisions(), deliveries);
      return () -> deliver(shard, sending, deliveries);
    }

    @Override
    public void progress(long revision) {
      Subscription.this.progress(shard, revision);
    }

    @Override
    public void end(KeyValueException reason) {
      Subscription.this.end(reason);
      // Outside of the monitor: their ends come here too.
      close();
    }
  }
}
