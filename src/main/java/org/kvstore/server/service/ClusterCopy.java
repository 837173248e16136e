package org.kvstore.server.service;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.Command;
import org.kvstore.server.model.Condition;
import org.kvstore.server.model.Consistency;
import org.kvstore.server.model.Entry;
import org.kvstore.server.model.Failures;
import org.kvstore.server.model.KeyRange;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.model.Lease;
import org.kvstore.server.model.Lifetime;
import org.kvstore.server.model.Outcome;
import org.kvstore.server.model.Submission;
import org.kvstore.server.shard.RangeScan;
import org.kvstore.server.store.DataDirectory;
import org.kvstore.server.store.DatabaseCopy;
import org.kvstore.server.store.EntryScan;
import org.kvstore.server.store.Read;
import org.kvstore.server.store.Store;
import org.kvstore.server.store.StoreOptions;

/**
 * The entries of a cluster as the database of a single server, and the way back: so there is one
 * kind of archive, and each is restored by both. What is of one cluster alone is not in it:
 * history, revisions, leases, and what is remembered of requests. A key that hangs on a lease
 * expires when the lease would have.
 *
 * <p>Each shard is copied as of one revision, no older than the newest write acknowledged before;
 * wherever its replicas are.
 */
final class ClusterCopy {
  private static final Logger LOG = System.getLogger(ClusterCopy.class.getName());
  private static final long CACHE_BYTES = 32L << 20;
  private static final long BUFFER_BYTES = 16L << 20;
  private static final int OPEN_FILES = 100;

  /** How long a write is tried that is certainly not done, or can be done twice. */
  private static final Duration PATIENCE = Duration.ofMinutes(1);

  private static final long PAUSE_MILLIS = 50;

  private final Engine engine;
  private final Runnable permit;

  /**
   * @param permit throws once it is not permitted any more
   */
  ClusterCopy(Engine engine, Runnable permit) {
    this.engine = engine;
    this.permit = permit;
  }

  /**
   * Makes a database of all entries.
   *
   * @param target made by it; missing before
   * @return the revision that it shows
   * @throws KeyValueException UNAVAILABLE when a shard cannot be read, COMPACTED when its history
   *     was given up meanwhile; STORAGE_FULL
   */
  long writeTo(Path target) {
    Path filled = engine.directory().newTemporary();
    try (Store store = open(filled, true)) {
      try (RangeScan entries = engine.shards().scan(KeyRange.ALL, Consistency.LINEARIZABLE)) {
        fill(store, entries);
      }
      try (RangeScan entries = engine.shards().scanSystem(Consistency.LINEARIZABLE)) {
        fill(store, entries);
      }
      return store.copyTo(target);
    } finally {
      DataDirectory.discard(filled);
    }
  }

  private Store open(Path directory, boolean create) {
    StoreOptions options =
        new StoreOptions(
            directory,
            CACHE_BYTES,
            BUFFER_BYTES,
            0,
            OPEN_FILES,
            0,
            engine.config().store().keys(),
            false);
    JsonPatcher none = new JsonPatcher(engine.limits());
    return Store.open(options, engine.limits(), create, new Store.Hooks(events -> {}, none));
  }

  private void fill(Store store, RangeScan scan) {
    do {
      permit.run();
      List<Command.Put> puts = puts(scan.entries(), this::leaseEnd);
      engine.disk().requireRoomFor(puts.stream().mapToLong(Command::weight).sum());
      long now = engine.clock().millis();
      store.apply(puts.stream().map(put -> new Submission(put, now, null)).toList());
    } while (scan.advance());
  }

  private long leaseEnd(Entry entry) {
    return Outcomes.await(engine.shards().of(entry.key()).look(new Read.LeaseOf(entry.lease())))
        .map(Lease::expiresAt)
        .orElseGet(() -> engine.clock().millis());
  }

  /** What writes entries elsewhere; nothing for those that have expired. */
  private List<Command.Put> puts(List<Entry> entries, LeaseEnds leases) {
    long now = engine.clock().millis();
    List<Command.Put> puts = new ArrayList<>();
    for (Entry entry : entries) {
      long end = entry.lease() == Entry.NO_LEASE ? entry.expiresAt() : leases.of(entry);
      if (end == Entry.NEVER || end > now) {
        Lifetime life = end == Entry.NEVER ? new Lifetime.Forever() : new Lifetime.Until(end);
        puts.add(
            new Command.Put(entry.key(), entry.value(), entry.contentType(), life, Condition.NONE));
      }
    }
    return puts;
  }

  /** When the lease of an entry ends: milliseconds since the epoch. */
  private interface LeaseEnds {
    long of(Entry entry);
  }

  /**
   * Makes sure that there is nothing that a restore would be mixed with.
   *
   * @throws KeyValueException PRECONDITION_FAILED when there is
   */
  void requireEmpty() {
    try (RangeScan entries = engine.shards().scan(KeyRange.ALL, Consistency.LINEARIZABLE)) {
      if (!entries.entries().isEmpty()) {
        throw KeyValueException.of(
            ErrorCode.PRECONDITION_FAILED,
            "A cluster is restored when it is empty, as it cannot be replaced all at once. Restore"
                + " into a new one, or delete all keys first.");
      }
    }
  }

  /**
   * Writes all entries of a database, those of the server's own last: until everything is there,
   * nobody is permitted anything by them.
   *
   * @param source whole and durable
   * @param revision that it shows
   * @throws KeyValueException REQUEST_INVALID when it is no whole database, and nothing is done;
   *     INDETERMINATE when a part of it is written
   */
  void readFrom(Path source, long revision) {
    DatabaseCopy.check(source, revision, engine.config().store().keys());
    try (Store store = open(source, false)) {
      readFrom(store);
    }
  }

  private void readFrom(Store store) {
    long done = 0;
    try {
      for (KeyRange range : List.of(KeyRange.ALL, KeyRange.SYSTEM)) {
        try (EntryScan entries = store.scan(range)) {
          do {
            permit.run();
            List<Command.Put> puts = puts(entries.entries(), entry -> leaseEnd(store, entry));
            writeAll(puts);
            done += puts.size();
          } while (entries.advance());
        }
      }
    } catch (RuntimeException e) {
      throw partly(done, e);
    }
  }

  private long leaseEnd(Store store, Entry entry) {
    Lease lease = store.lease(entry.lease());
    return lease == null ? engine.clock().millis() : lease.expiresAt();
  }

  private static KeyValueException partly(long done, RuntimeException cause) {
    String why = "An internal error, which the log of the server has.";
    if (Failures.causeOf(cause) instanceof KeyValueException known) {
      why = String.valueOf(known.getMessage());
    } else {
      LOG.log(Level.ERROR, "A restore broke off.", cause);
    }
    return KeyValueException.of(
            ErrorCode.INDETERMINATE,
            ("%d entries are restored, and the rest is not for certain: %s Delete all keys, and"
                    + " restore again.")
                .formatted(done, why))
        .withCause(cause);
  }

  /** Nobody else writes to a cluster that is restored, so what may be done is done again. */
  private void writeAll(List<Command.Put> puts) {
    long since = System.nanoTime();
    List<Command.Put> left = puts;
    while (!left.isEmpty()) {
      boolean isLast = System.nanoTime() - since > PATIENCE.toNanos();
      left = write(left, isLast);
      if (!left.isEmpty()) {
        pause();
      }
    }
  }

  /** Returns what is to be written again, or throws, when no write of them is under way. */
  private List<Command.Put> write(List<Command.Put> puts, boolean isLast) {
    List<CompletableFuture<Outcome>> outcomes =
        puts.stream()
            .map(put -> engine.shards().of(put.key()).submit(put, null).toCompletableFuture())
            .toList();
    List<Command.Put> again = new ArrayList<>();
    RuntimeException failed = null;
    for (int i = 0; i < outcomes.size(); i++) {
      try {
        Outcomes.expect(Outcome.Written.class, Outcomes.await(outcomes.get(i)));
      } catch (RuntimeException e) {
        if (isLast || !passes(e)) {
          failed = e;
        }
        again.add(puts.get(i));
      }
    }
    if (failed != null) {
      throw failed;
    }
    return again;
  }

  /** As a leader that is elected, or a queue that is full. */
  private static boolean passes(Throwable failure) {
    return failure instanceof KeyValueException known
        && (known.code() == ErrorCode.UNAVAILABLE
            || known.code() == ErrorCode.TOO_MANY_REQUESTS
            || known.code() == ErrorCode.INDETERMINATE);
  }

  private static void pause() {
    try {
      TimeUnit.MILLISECONDS.sleep(PAUSE_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw KeyValueException.of(ErrorCode.UNAVAILABLE, "The service is stopping.").withCause(e);
    }
  }
}
