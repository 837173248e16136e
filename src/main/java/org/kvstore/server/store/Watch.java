package org.kvstore.server.store;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.Entry;
import org.kvstore.server.model.Event;
import org.kvstore.server.model.KeyRange;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.store.WatchSink.Delivery;

/**
 * One watch. It remembers how far it has come and nothing else: what it has still to deliver is in
 * memory while it is caught up, and in the change log on disk when it is behind. So a slow reader
 * costs no memory, however slow.
 *
 * <p>While the log cannot be read, as the store recovers, it waits, for a while: the dispatcher
 * wakes those that are behind, round by round.
 *
 * <p>{@code requests} makes {@link #pump} run on one thread at a time: whoever raises it from 0 has
 * it run, and it runs again for those who came meanwhile. Whoever runs it owns {@code after}.
 */
public final class Watch implements AutoCloseable {
  private static final long BYTES = 64 << 10;

  /** How many are sent at once of what is larger than that, or has earlier entries. */
  private static final int MOST_AT_ONCE = 1_000;

  private static final long SLOW_NANOS = 50_000_000;

  /** Turns before others get theirs, so that one that is far behind does not keep a thread. */
  private static final int TURNS = 32;

  private final WatchHub hub;
  private final Query query;
  private final WatchSink sink;
  private final Runnable permit;
  private final Turn turn;
  private final AtomicInteger requests = new AtomicInteger();

  /** Everything up to this revision is delivered, or not wanted. */
  private volatile long after;

  /** How many wanted events of the revision that follows are delivered already. */
  private int delivered;

  /** The newest read failed as the store recovers; and when the first one in a row did. */
  private boolean unreadable;

  private long unreadableSince;

  private volatile long sentAt;
  private volatile boolean progressIsDue;

  /** The sink was not ready, and has not said since that it is: at first it never has. */
  private volatile boolean blocked = true;

  /** When the delivery under way in the quick lane began; 0 when there is none. */
  private volatile long sendingSince;

  /** The newest delivery had to wait for its reader. */
  private volatile boolean slow;

  private volatile boolean ended;

  /** It will have ended soon, and delivers nothing more until then. */
  private volatile boolean ending;

  /**
   * What a watch is for.
   *
   * @param range keys
   * @param puts whether puts are wanted
   * @param deletes whether deletes are wanted
   * @param previous whether the earlier entry is wanted with each event
   */
  public record Query(KeyRange range, boolean puts, boolean deletes, boolean previous) {
    boolean wants(Event event) {
      return (event.isPut() ? puts : deletes) && range.contains(event.key().utf8());
    }
  }

  Watch(WatchHub hub, Query query, long after, WatchSink sink, Runnable permit, Turn turn) {
    this.hub = hub;
    this.turn = turn;
    this.query = query;
    this.after = after;
    this.sink = sink;
    this.permit = permit;
    sentAt = System.nanoTime();
  }

  /** Everything up to this revision is delivered, or not wanted. */
  public long after() {
    return after;
  }

  /** Has it deliver what there is, unless its sink is known to take nothing; returns at once. */
  void wakeUnlessBlocked() {
    if (!blocked) {
      wake();
    }
  }

  private void wake() {
    if (requests.getAndIncrement() == 0) {
      pumpSoon();
    }
  }

  private void pumpSoon() {
    if (!hub.execute(this::pump, slow)) {
      fail(WatchHub.stopping());
    }
  }

  @Override
  public void close() {
    ended = true;
    hub.forget(this);
  }

  /** Ends it with a reason, on the thread that delivers. */
  void end(KeyValueException reason) {
    ending = true;
    hub.forget(this);
    if (!hub.execute(() -> finish(reason), slow)) {
      finish(reason);
    }
  }

  /** Ends it, with the reason, when it is not permitted any more. */
  void endUnlessPermitted() {
    try {
      permit.run();
    } catch (KeyValueException refusal) {
      // While the store is opened anew nobody knows.
      if (refusal.code() != ErrorCode.UNAVAILABLE) {
        end(refusal);
      }
    }
  }

  /** Whether it delivers no more: its sink was told, unless it was closed or not yet ready. */
  public boolean hasEnded() {
    return ended;
  }

  /** Says that the sink is ready again. */
  public void ready() {
    blocked = false;
    wake();
  }

  /**
   * Offers the changes after a revision: wakes it if it wants one or is behind, else it is past
   * them.
   */
  boolean offer(long from, Changes changes) {
    if (blocked) {
      return false;
    }
    // One that delivers already is woken too: it may have looked before these changes were there.
    if (after < from || changes.events().stream().anyMatch(this::wants)) {
      wake();
      return true;
    }
    if (requests.compareAndSet(0, 1)) {
      after = Math.max(after, changes.upTo());
      if (requests.decrementAndGet() != 0) {
        pumpSoon();
      }
    }
    return false;
  }

  private boolean wants(Event event) {
    return event.revision() > after && query.wants(event);
  }

  /** Has it say how far it is, if it has been silent for so long. */
  void progressAfter(long nanos, long now) {
    if (now - sentAt >= nanos && !progressIsDue) {
      progressIsDue = true;
      wakeUnlessBlocked();
    }
  }

  /** Whether its reader is behind: the newest delivery waited for it, or the next one does. */
  boolean isSlow() {
    return slow || blocked;
  }

  /** Whether it holds a thread of the quick lane, waiting for its reader. */
  boolean isBlockedAt(long now) {
    long since = sendingSince;
    return since != 0 && now - since > SLOW_NANOS;
  }

  private void pump() {
    if (turn.take(this::pumpInTurnSoon)) {
      pumpInTurn();
    }
  }

  private void pumpInTurnSoon() {
    if (!hub.execute(this::pumpInTurn, slow)) {
      turn.pass();
      fail(WatchHub.stopping());
    }
  }

  private void pumpInTurn() {
    boolean more;
    try {
      more = deliverAll();
    } finally {
      turn.pass();
    }
    if (more) {
      pumpSoon();
    }
  }

  /** Delivers for all who asked; true when others are to get their turns before it goes on. */
  private boolean deliverAll() {
    while (true) {
      int seen = requests.get();
      if (deliver()) {
        return true;
      }
      if (requests.addAndGet(-seen) == 0) {
        return false;
      }
    }
  }

  /** Delivers a few parts; true when there is more to deliver at once. */
  private synchronized boolean deliver() {
    try {
      for (int turn = 0; turn < TURNS; turn++) {
        if (!takes() || !send(hub.part(query, after, BYTES))) {
          return false;
        }
        unreadable = false;
        if (after >= hub.offered()) {
          if (progressIsDue && sink.isReady()) {
            sink.progress(after);
            sentAt = System.nanoTime();
            progressIsDue = false;
          }
          return false;
        }
      }
      return true;
    } catch (KeyValueException e) {
      if (e.code() != ErrorCode.UNAVAILABLE || !isWorthWaiting()) {
        fail(e);
      }
      return false;
    } catch (RuntimeException | Error e) {
      fail(KeyValueException.of(ErrorCode.INTERNAL, "The watch failed.").withCause(e));
      return false;
    }
  }

  /** Whether the log has not been unreadable for too long. */
  private boolean isWorthWaiting() {
    long now = System.nanoTime();
    unreadableSince = unreadable ? unreadableSince : now;
    unreadable = true;
    return now - unreadableSince < hub.patienceNanos();
  }

  private void fail(KeyValueException reason) {
    hub.forget(this);
    finish(reason);
  }

  private synchronized void finish(KeyValueException reason) {
    if (!ended) {
      ended = true;
      sink.end(reason);
    }
  }

  /**
   * Whether the sink takes something; it is marked before it is asked, as it may answer at once.
   */
  private boolean takes() {
    blocked = true;
    if (ended || ending || !sink.isReady()) {
      return false;
    }
    blocked = false;
    return true;
  }

  /** Sends a part; false when the sink is full before the end of it. */
  private boolean send(Part part) {
    boolean isSentAsItIs = !query.previous() && delivered == 0 && part.bytes() <= BYTES;
    if (isSentAsItIs) {
      send(part.deliveries());
    } else if (!sendInChunks(part.deliveries())) {
      return false;
    }
    delivered = 0;
    after = part.upTo();
    return true;
  }

  /**
   * Sends a bounded chunk at a time, as the earlier entries of one revision alone may be gigabytes;
   * false when the sink is full before the end.
   */
  private boolean sendInChunks(List<Delivery> wanted) {
    int sent = delivered;
    while (sent < wanted.size()) {
      List<Delivery> chunk = chunk(wanted.subList(sent, wanted.size()));
      send(chunk);
      sent += chunk.size();
      if (sent < wanted.size() && !takes()) {
        return false;
      }
    }
    return true;
  }

  /** The first of those that are left, with their earlier entries if these are wanted. */
  private List<Delivery> chunk(List<Delivery> left) {
    long enough = query.previous() ? BYTES / 2 : BYTES;
    long bytes = 0;
    int count = 0;
    while (count < left.size() && count < MOST_AT_ONCE && bytes < enough) {
      bytes += size(left.get(count).event());
      count++;
    }
    List<Delivery> chunk = left.subList(0, count);
    return query.previous() ? withPrevious(chunk, Math.max(1, BYTES - bytes)) : chunk;
  }

  private void send(List<Delivery> chunk) {
    if (chunk.isEmpty()) {
      return;
    }
    // What is not the reader's doing, such as waiting for another to write it, does not count.
    Runnable sending = sink.prepare(chunk);
    long began = System.nanoTime();
    sendingSince = slow ? 0 : began;
    try {
      sending.run();
    } finally {
      sendingSince = 0;
    }
    sentAt = System.nanoTime();
    slow = sentAt - began > SLOW_NANOS;
    for (Delivery sent : chunk) {
      delivered = sent.last() ? 0 : delivered + 1;
      after = sent.last() ? sent.event().revision() : after;
    }
  }

  /** As many of them as it takes to have enough bytes of earlier entries. */
  private List<Delivery> withPrevious(List<Delivery> chunk, long bytes) {
    List<Optional<Entry>> previous =
        hub.before(chunk.stream().map(Delivery::event).toList(), bytes);
    List<Delivery> found = new ArrayList<>();
    for (int i = 0; i < previous.size(); i++) {
      Delivery delivery = chunk.get(i);
      found.add(new Delivery(delivery.event(), previous.get(i).orElse(null), delivery.last()));
    }
    return found;
  }

  private static long size(Event event) {
    Entry entry = event.entry();
    return event.key().utf8().size() + (entry == null ? 0 : entry.value().size());
  }
}
