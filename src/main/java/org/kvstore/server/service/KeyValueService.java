package org.kvstore.server.service;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Semaphore;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.jspecify.annotations.NullUnmarked;
import org.jspecify.annotations.Nullable;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.Access;
import org.kvstore.server.model.Bytes;
import org.kvstore.server.model.Command;
import org.kvstore.server.model.Consistency;
import org.kvstore.server.model.Entry;
import org.kvstore.server.model.Key;
import org.kvstore.server.model.KeyRange;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.model.Lease;
import org.kvstore.server.model.Lifetime;
import org.kvstore.server.model.Limits;
import org.kvstore.server.model.ListQuery;
import org.kvstore.server.model.Outcome;
import org.kvstore.server.model.Outcome.Deleted;
import org.kvstore.server.model.Outcome.Modified;
import org.kvstore.server.model.Outcome.Written;
import org.kvstore.server.model.Patch;
import org.kvstore.server.model.Permission;
import org.kvstore.server.model.Revisions;
import org.kvstore.server.model.Submission;
import org.kvstore.server.model.Submission.RequestName;
import org.kvstore.server.shard.Position;
import org.kvstore.server.shard.RangeCount;
import org.kvstore.server.shard.RangeListing;
import org.kvstore.server.shard.RangeScan;
import org.kvstore.server.shard.Shard;
import org.kvstore.server.shard.ShardedPage;
import org.kvstore.server.shard.Shards;
import org.kvstore.server.store.Read;

/**
 * The use cases. Every stage that it returns completes when what it says is durable, or fails with
 * a {@link KeyValueException}; reads see every write acknowledged before they began.
 */
@ApplicationScoped
public class KeyValueService {
  private final EngineHandle handle;
  private final Semaphore exports;
  private final Semaphore batches;

  /** For the container's proxy only. */
  @NullUnmarked
  protected KeyValueService() {
    handle = null;
    exports = null;
    batches = null;
  }

  @Inject
  public KeyValueService(EngineHandle handle) {
    this.handle = handle;
    Limits limits = handle.engine().map(Engine::limits).orElse(Limits.DEFAULT);
    exports = new Semaphore(limits.exports());
    batches = new Semaphore(limits.batches());
  }

  /** Every bound. */
  public Limits limits() {
    return handle.require().limits();
  }

  /**
   * Lets a request in that nothing has been done for yet.
   *
   * @throws KeyValueException TOO_MANY_REQUESTS when more comes than can be answered
   */
  public void admit(Demand demand) {
    handle.require().admit(demand);
  }

  /** The newest entry of a key. */
  public CompletionStage<Optional<Entry>> get(Access access, Key key, Consistency consistency) {
    access.at(consistency).require(Permission.READ, key);
    return shards().of(key).read(consistency, new Read.Get(key));
  }

  /** The entry as it was at a revision of its shard. */
  public CompletionStage<Optional<Entry>> getAt(
      Access access, Key key, long revision, Consistency consistency) {
    access.at(consistency).require(Permission.READ, key);
    return shards().of(key).read(consistency, new Read.GetAt(key, revision));
  }

  /** The newest entry once it satisfies the predicate, or as it is when the wait is over. */
  public CompletionStage<Optional<Entry>> hold(
      Access access, Key key, Predicate<Optional<Entry>> satisfied, Duration wait) {
    access.require(Permission.READ, key);
    Shard shard = shards().of(key);
    Function<Key, CompletionStage<Optional<Entry>>> read =
        of -> {
          access.require(Permission.READ, of);
          return shard.look(new Read.Get(of));
        };
    // What is read first has to be the newest. What comes afterwards comes during the request.
    return shard
        .follow()
        .thenCompose(
            leave -> held(key, read, satisfied, wait).whenComplete((found, failure) -> leave.run()))
        .thenCompose(
            found ->
                satisfied.test(found)
                    ? CompletableFuture.completedStage(found)
                    : get(access, key, Consistency.LINEARIZABLE));
  }

  private CompletionStage<Optional<Entry>> held(
      Key key,
      Function<Key, CompletionStage<Optional<Entry>>> read,
      Predicate<Optional<Entry>> satisfied,
      Duration wait) {
    try {
      return handle.require().heldReads().hold(key, read, satisfied, wait);
    } catch (KeyValueException e) {
      return CompletableFuture.failedStage(e);
    }
  }

  /**
   * How old what is read of a range may be, as {@link Shards#age} says; asked for before the read.
   * Of a linearizable read it says nothing, which is never old.
   */
  public Supplier<Optional<Long>> age(KeyRange range, Consistency consistency) {
    if (consistency != Consistency.LOCAL) {
      return Optional::empty;
    }
    Shards shards = shards();
    return shards.age(shards.of(range));
  }

  /** Creates or replaces an entry. */
  public CompletionStage<Written> put(Access access, WriteRequest.Put put) {
    access.require(Permission.WRITE, put.key());
    requireValueFits(put.value(), limits());
    long now = handle.require().clock().millis();
    return access
        .trail()
        .of(
            "put",
            put.key()::text,
            submit(
                    put.key(),
                    command(access, put, now),
                    now,
                    name(access, put, "put", put.value(), put.contentType(), put.life()))
                .thenApply(outcome -> Outcomes.expect(Written.class, outcome)));
  }

  /** Changes a value in terms of what it is. */
  public CompletionStage<Modified> modify(Access access, WriteRequest.Modify modify) {
    access.require(Permission.WRITE, modify.key());
    Patch patch = JsonPatcher.checked(modify.patch());
    Command command = new Command.Modify(modify.key(), patch, modify.condition());
    String kind = "patch " + patch.kind();
    return access
        .trail()
        .of(
            "patch",
            modify.key()::text,
            submit(
                    modify.key(),
                    command,
                    handle.require().clock().millis(),
                    name(access, modify, kind, patch.document()))
                .thenApply(outcome -> Outcomes.expect(Modified.class, outcome)));
  }

  /** Deletes an entry. */
  public CompletionStage<Deleted> delete(Access access, WriteRequest.Delete delete) {
    access.require(Permission.WRITE, delete.key());
    Command command = new Command.Delete(delete.key(), delete.condition());
    return access
        .trail()
        .of(
            "delete",
            delete.key()::text,
            submit(
                    delete.key(),
                    command,
                    handle.require().clock().millis(),
                    name(access, delete, "delete"))
                .thenApply(outcome -> Outcomes.expect(Deleted.class, outcome)));
  }

  /**
   * Deletes every key of a range, in key order. More keys than one revision may delete are deleted
   * in several, each of which is whole or absent.
   *
   * @return how many were deleted
   */
  public CompletionStage<Long> deleteRange(
      Access access, KeyRange range, @Nullable String idempotencyKey) {
    access.require(Permission.WRITE, range);
    RequestName name =
        idempotencyKey == null
            ? null
            : new RequestName(
                scoped(access, idempotencyKey),
                Fingerprint.of("delete range", range.start(), range.end()));
    RangeDelete delete = new RangeDelete(access, limits().rangeDeleteKeys(), name);
    return access.trail().of("deleteRange", range::text, delete.run(shards().of(range), range));
  }

  /**
   * One page of a listing.
   *
   * @param at the point in time; null for now, or for the query's
   * @param form makes the answer of it, in the same turn
   * @throws KeyValueException TOO_MANY_REQUESTS when too many wait for their turns
   */
  public <T> CompletionStage<T> list(
      Access access,
      ListQuery query,
      @Nullable Revisions at,
      Consistency consistency,
      Function<ShardedPage, T> form) {
    access.at(consistency).require(Permission.READ, query.range());
    RangeListing listing = shards().listing(query, at, consistency);
    return handle.require().page(listing.ready(), () -> form.apply(listing.page()));
  }

  /** How many keys a range has, at a revision or, with 0, now. */
  public <T> CompletionStage<T> count(
      Access access,
      KeyRange range,
      long revision,
      Consistency consistency,
      Function<Shards.Count, T> form) {
    access.at(consistency).require(Permission.READ, range);
    RangeCount count = shards().count(range, revision, consistency);
    return handle.require().page(count.ready(), () -> form.apply(count.count()));
  }

  /**
   * Reads a whole range. The caller ends the export with its close. Not for threads that may not
   * wait: on a node of a cluster it waits for the others to say what is newest.
   *
   * @throws KeyValueException TOO_MANY_REQUESTS when too many exports run; UNAVAILABLE when nobody
   *     can say what is newest
   */
  public Export export(Access access, KeyRange range, Consistency consistency) {
    Access reads = access.at(consistency);
    reads.require(Permission.READ, range);
    if (!exports.tryAcquire()) {
      throw KeyValueException.of(ErrorCode.TOO_MANY_REQUESTS, "Too many exports run.")
          .withLimit(limits().exports());
    }
    try {
      return new Export(reads, range, shards().scan(range, consistency));
    } catch (RuntimeException e) {
      exports.release();
      throw e;
    }
  }

  /**
   * Takes a place for a batch, which its close gives back.
   *
   * @throws KeyValueException TOO_MANY_REQUESTS when too many batches run; UNAVAILABLE when the end
   *     is near
   */
  public BatchPlace beginBatch() {
    if (handle.require().isStopping()) {
      throw KeyValueException.of(ErrorCode.UNAVAILABLE, "The service is stopping.");
    }
    if (!batches.tryAcquire()) {
      throw KeyValueException.of(ErrorCode.TOO_MANY_REQUESTS, "Too many batches run.")
          .withLimit(limits().batches());
    }
    return new BatchPlace();
  }

  /**
   * Runs what may take as long as a client likes, on a thread of its own.
   *
   * @param bytes what an answer keeps on the heap; 0 for others
   * @throws KeyValueException TOO_MANY_REQUESTS when too many such tasks run
   */
  public void runApart(Apart.Kind kind, long bytes, Runnable task) {
    handle.require().apart().run(kind, bytes, task);
  }

  /** Lines of a batch that may wait now: those that run share what there may be of all. */
  public int batchWindow() {
    int running = Math.max(1, limits().batches() - batches.availablePermits());
    return Math.max(1, limits().batchWindow() / running);
  }

  /** A place for a running batch. */
  public final class BatchPlace implements AutoCloseable {
    private BatchPlace() {}

    /** Whether the batch is to end, as the server does: what it has accepted is answered still. */
    public boolean isEnding() {
      return handle.require().isStopping();
    }

    /** Runs a part of the batch on a thread of its own. */
    public void start(Runnable part) {
      handle.require().threads().newThread(part).start();
    }

    @Override
    public void close() {
      batches.release();
    }
  }

  /** The key's own shard knows when: no later than the lease's home does. */
  private long endOfLease(Entry entry) {
    return Outcomes.await(shards().of(entry.key()).look(new Read.LeaseOf(entry.lease())))
        .map(Lease::expiresAt)
        .orElseGet(() -> handle.require().clock().millis());
  }

  /** A running export. */
  public final class Export implements AutoCloseable {
    private static final int KNOWN_LEASES = 10_000;

    private final Access access;
    private final KeyRange range;
    private final RangeScan scan;

    /** When leases end: as many of them as memory may hold. */
    private final Map<Long, Long> leases = new HashMap<>();

    private Export(Access access, KeyRange range, RangeScan scan) {
      this.access = access;
      this.range = range;
      this.scan = scan;
    }

    /** The entries of a chunk; at first of the first. */
    public List<Entry> entries() {
      return scan.entries();
    }

    /** Reads the next chunk, while it is permitted; false at the end of the range. */
    public boolean advance() {
      access.require(Permission.READ, range);
      return scan.advance();
    }

    /**
     * An entry as it is to be where it is imported. There is no such lease there, so an entry that
     * hangs on one expires when that would if nobody renewed it any more: what belonged to its
     * holder must not outlive the holder by an export.
     */
    public Entry asImported(Entry entry) {
      if (entry.lease() == Entry.NO_LEASE) {
        return entry;
      }
      if (leases.size() >= KNOWN_LEASES) {
        leases.clear();
      }
      long end = leases.computeIfAbsent(entry.lease(), any -> endOfLease(entry));
      return new Entry(
          entry.key(),
          entry.value(),
          entry.contentType(),
          entry.createRevision(),
          entry.modRevision(),
          entry.version(),
          entry.modifiedAt(),
          end,
          Entry.NO_LEASE);
    }

    @Override
    public void close() {
      scan.close();
      exports.release();
    }
  }

  /** The position of a point in time. */
  public Position position(Revisions revisions) {
    return shards().position(revisions);
  }

  private CompletionStage<Outcome> submit(
      Key key, Command command, long now, @Nullable RequestName name) {
    return shards().write(shards().of(key), new Submission(command, now, name));
  }

  private Shards shards() {
    return handle.require().shards();
  }

  /**
   * A put as a command.
   *
   * @param now milliseconds since the epoch
   */
  static Command.Put command(Access access, WriteRequest.Put put, long now) {
    Lifetime life = put.life().at(now);
    if (life instanceof Lifetime.OnLease on) {
      life = new Lifetime.OnLease(on.lease(), access.leaseOwner());
    }
    return new Command.Put(put.key(), put.value(), put.contentType(), life, put.condition());
  }

  /** The name of a request among all callers': two may use the same key without a clash. */
  static String scoped(Access access, String idempotencyKey) {
    String owner = access.owner();
    return owner.isEmpty() ? idempotencyKey : owner + '\n' + idempotencyKey;
  }

  static void requireValueFits(Bytes value, Limits limits) {
    int limit = limits.valueBytes();
    if (value.size() > limit) {
      throw KeyValueException.of(ErrorCode.TOO_LARGE, "A value has at most " + limit + " bytes.")
          .withField("value")
          .withLimit(limit);
    }
  }

  /** Names a write, with a digest of all that it asks for. */
  private static @Nullable RequestName name(Access access, WriteRequest request, Object... parts) {
    String key = request.idempotencyKey();
    if (key == null) {
      return null;
    }
    return new RequestName(
        scoped(access, key),
        Fingerprint.of(
            request.key().utf8(),
            Fingerprint.of(request.condition().ifMatch()),
            Fingerprint.of(request.condition().ifNoneMatch()),
            Fingerprint.of(parts)));
  }
}
