package org.kvstore.server.shard;

import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.Command;
import org.kvstore.server.model.Consistency;
import org.kvstore.server.model.Histogram;
import org.kvstore.server.model.Key;
import org.kvstore.server.model.KeyRange;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.model.ListQuery;
import org.kvstore.server.model.Outcome;
import org.kvstore.server.model.Revisions;
import org.kvstore.server.model.ShardNumber;
import org.kvstore.server.model.Sharding;
import org.kvstore.server.model.Submission;
import org.kvstore.server.replication.DiskSpace;
import org.kvstore.server.replication.LeaseCoordinator;
import org.kvstore.server.store.Store;
import org.kvstore.server.store.StoreStatistics;
import org.kvstore.server.store.Watch;

/**
 * All shards, and which of them a key or a range belongs to. The server's own entries are in a
 * shard of their own, unless there is only one in all.
 */
public final class Shards implements AutoCloseable {
  private final List<Shard> data;
  private final Shard system;
  private final List<Shard> all;
  private final Sharding sharding;
  private final int digest;
  private final Replication replication;

  /** Set by {@link #start}. */
  private @Nullable LeaseCoordinator leases;

  /**
   * Takes over what is open.
   *
   * @param data those of clients' entries, by number
   * @param system that of the server's own; may be one of the others
   * @param storeId identity of the whole store
   * @param replication has them take writes, once they are started
   */
  Shards(List<Shard> data, Shard system, String storeId, Replication replication) {
    this.data = List.copyOf(data);
    this.system = system;
    all =
        data.contains(system)
            ? this.data
            : Stream.concat(data.stream(), Stream.of(system)).toList();
    this.replication = replication;
    sharding = new Sharding(data.size());
    digest = storeId.hashCode();
  }

  /**
   * Has them take writes.
   *
   * @param disk the one that they are on
   * @param clock time of leases
   */
  public void start(DiskSpace disk, Clock clock) {
    replication.start(this, disk);
    LeaseCoordinator made =
        new LeaseCoordinator(data.stream().map(Shard::ofLeases).toList(), clock);
    leases = made;
    if (data.size() > 1) {
      data.forEach(shard -> shard.revoke(made));
    }
  }

  /** The leases, whose keys may be in several shards. */
  public LeaseCoordinator leases() {
    if (leases == null) {
      throw new IllegalStateException("The shards have not been started.");
    }
    return leases;
  }

  /** Submits a write of clients' keys of a shard, which may hang them on leases. */
  public CompletionStage<Outcome> write(Shard shard, Submission submission) {
    return data.size() == 1
        ? shard.replicator().submit(submission)
        : leases().write(shard.number(), submission);
  }

  /** Those of clients' entries, by number. */
  public List<Shard> data() {
    return data;
  }

  /** That of the server's own entries. */
  public Shard system() {
    return system;
  }

  /** The shard of a key. */
  public Shard of(Key key) {
    return key.isSystem() ? system : data.get(sharding.of(key));
  }

  /** The shard that a lease is at home in. */
  public Shard ofLease(long id) {
    return data.get(ShardNumber.homeOf(id, data.size()));
  }

  /** The shards that keys of a range may be in. */
  public List<Shard> of(KeyRange range) {
    if (data.size() == 1) {
      return data;
    }
    OptionalInt only = sharding.of(range);
    return only.isPresent() ? List.of(data.get(only.getAsInt())) : data;
  }

  /**
   * The one shard of the keys of a transaction.
   *
   * @throws KeyValueException CROSS_SHARD when there are several
   */
  public Shard only(Command.Transact transaction) {
    if (data.size() == 1) {
      return data.get(0);
    }
    Shard only = null;
    for (KeyRange range : transaction.keys()) {
      List<Shard> shards = of(range);
      if (shards.size() > 1 || only != null && only != shards.get(0)) {
        throw crossShard(range.text());
      }
      only = shards.get(0);
    }
    return only == null ? data.get(0) : only;
  }

  private static KeyValueException crossShard(String what) {
    return KeyValueException.of(
        ErrorCode.CROSS_SHARD,
        ("The keys of a transaction have to be in one shard, and '%s' is not in that of the others."
                + " Keys with the same tag are, such as orders/{42}/head and orders/{42}/lines; a"
                + " listing has to name the tag in its prefix.")
            .formatted(what));
  }

  /** The newest revision of each shard that can be read here, or that this node was told of. */
  public Revisions revisions() {
    return Revisions.of(data.stream().mapToLong(shard -> shard.place().revision()).toArray());
  }

  /** The position of some revisions. */
  public Position position(Revisions revisions) {
    return new Position(digest, revisions);
  }

  /**
   * The revisions of a position.
   *
   * @throws KeyValueException REQUEST_INVALID when it is one of another store
   */
  public Revisions revisions(String field, Position position) {
    if (position.store() != digest || position.revisions().shards() != data.size()) {
      throw KeyValueException.invalid(field, "It is a position of another store.");
    }
    return position.revisions();
  }

  /**
   * Begins a page of a listing.
   *
   * @param at the point in time; null for now, or for the query's
   * @throws KeyValueException REQUEST_INVALID for a revision of the query where there is more than
   *     one shard, and for a cursor of another store
   */
  public RangeListing listing(ListQuery query, @Nullable Revisions at, Consistency consistency) {
    List<Shard> shards = of(query.range());
    return new RangeListing(this, shards, query, point(shards, query.revision(), at), consistency);
  }

  /** Those of shards that a read says nothing of; of none when it is of all. */
  Revisions revisionsOutside(List<Shard> shards) {
    return shards.size() == data.size() ? none() : revisions();
  }

  private Revisions none() {
    return Revisions.of(new long[data.size()]);
  }

  /**
   * Waits with a stage, for a moment, for news of shards that are elsewhere and that a read says
   * nothing of: a position has a revision of each.
   */
  CompletionStage<Void> withOthers(List<Shard> read, CompletionStage<Void> stage) {
    if (read.size() == data.size()) {
      return stage;
    }
    List<CompletionStage<Void>> news =
        data.stream()
            .filter(shard -> !read.contains(shard))
            .flatMap(shard -> shard.place().news().stream())
            .toList();
    return news.isEmpty()
        ? stage
        : CompletableFuture.allOf(
            Stream.concat(Stream.of(stage), news.stream())
                .map(CompletionStage::toCompletableFuture)
                .toArray(CompletableFuture<?>[]::new));
  }

  private @Nullable Revisions point(List<Shard> shards, long revision, @Nullable Revisions at) {
    if (at != null && at.shards() != data.size()) {
      throw KeyValueException.invalid("cursor", "It is a cursor of another store.");
    }
    if (at != null || revision == 0) {
      return at;
    }
    requireOne(shards);
    return none().with(shards.get(0).number(), revision);
  }

  private static void requireOne(List<Shard> shards) {
    if (shards.size() > 1) {
      throw KeyValueException.invalid(
          "revision",
          "A revision is one of a single shard, and the range has keys of several. A prefix that"
              + " ends behind a {tag} has keys of one; a cursor names a point of all.");
    }
  }

  /**
   * Begins to count the keys of a range.
   *
   * @param revision as of when; 0 for now
   * @throws KeyValueException REQUEST_INVALID for a revision where there is more than one shard
   */
  public RangeCount count(KeyRange range, long revision, Consistency consistency) {
    List<Shard> shards = of(range);
    if (revision != 0) {
      requireOne(shards);
    }
    return new RangeCount(this, shards, range, revision, consistency);
  }

  /**
   * A number of keys.
   *
   * @param keys how many
   * @param revisions as of when
   */
  public record Count(long keys, Revisions revisions) {}

  /**
   * Opens a watch of a range, once this node knows every change acknowledged before; it begins to
   * deliver when its reader is said to be ready.
   *
   * @param from everything up to these is known; null for now
   * @param progressNanos how long the reader may hear nothing
   * @param permit throws once it is not permitted any more; asked several times a second
   * @return fails with COMPACTED when what follows is given up, REQUEST_INVALID in the future,
   *     TOO_MANY_REQUESTS when too many are open
   */
  public CompletionStage<Subscription> watch(
      Watch.Query query,
      @Nullable Revisions from,
      Subscription.Reader reader,
      long progressNanos,
      Runnable permit) {
    return new WatchStart(of(query.range()), from)
        .begin(
            starts -> {
              Revisions all = from == null ? revisions() : from;
              for (Map.Entry<Shard, Long> start : starts.entrySet()) {
                all = all.with(start.getKey().number(), start.getValue());
              }
              return Subscription.open(
                  List.copyOf(starts.keySet()), query, all, reader, progressNanos, permit);
            });
  }

  /**
   * Reads a whole range as of now, once what is read is as consistent as that; for threads that may
   * wait. The caller closes it.
   */
  public RangeScan scan(KeyRange range, Consistency consistency) {
    return new RangeScan(of(range), range, consistency);
  }

  /** The same of the server's own entries. */
  public RangeScan scanSystem(Consistency consistency) {
    return new RangeScan(List.of(system), KeyRange.SYSTEM, consistency);
  }

  /** All of them, that of the server's own entries included. */
  public List<Shard> all() {
    return all;
  }

  /** Proposes what is due, and gives up on what has waited too long; several times a second. */
  public void tick() {
    all.forEach(Shard::tick);
  }

  /** Gives up old history; several times a second, by one thread at a time. It may take long. */
  public void tidy() {
    all.forEach(Shard::tidy);
  }

  /** Whether the threads run without which no write is ever answered. */
  public boolean isAlive() {
    return all.stream().allMatch(shard -> shard.replicator().isAlive());
  }

  /** Whether those run that deliver to watches. */
  public boolean isWatching() {
    return all.stream().allMatch(shard -> shard.watches().isAlive());
  }

  /** Whether more writes come to a shard than can be committed. */
  public boolean isOverloaded() {
    return all.stream().anyMatch(shard -> shard.replicator().isOverloaded());
  }

  /** Whether a write that comes now would wait for too long, wherever it goes. */
  public boolean refuses() {
    return data.stream().allMatch(shard -> shard.replicator().refuses());
  }

  /**
   * How long ago what is read of some shards last was the newest of all, as far as is known: of
   * those here as of this call, of the others as the replicas say that are read until the result is
   * asked.
   *
   * @return says milliseconds, of the shard that is furthest behind; empty when it is not known
   */
  public Supplier<Optional<Long>> age(List<Shard> shards) {
    return replication.age(shards);
  }

  /**
   * Why the replica here of a shard hears of nothing any more, for people; empty while it does, or
   * will once this node is not cut off any more.
   */
  public String problem(Shard shard) {
    return replication.problem(shard);
  }

  /** The stores that are read here. */
  public List<Store> stores() {
    return all.stream().flatMap(shard -> shard.replica().stream()).toList();
  }

  /** Figures of all stores on this node together. */
  public StoreStatistics statistics() {
    return stores().stream().map(Store::statistics).reduce(StoreStatistics::plus).orElseThrow();
  }

  /** What has been counted of all of one kind: {@code of} says which. */
  public Histogram total(Function<Shard, Histogram> of) {
    return Histogram.total(all.stream().map(of).toList());
  }

  /** Writes that wait to be committed. */
  public int queueDepth() {
    return all.stream().mapToInt(shard -> shard.replicator().queueDepth()).sum();
  }

  /** Bytes that they hold. */
  public long queueBytes() {
    return all.stream().mapToLong(shard -> shard.replicator().queueBytes()).sum();
  }

  /** Size of the files on this node: bytes. */
  public long usedBytes() {
    return stores().stream().mapToLong(Store::usedBytes).sum();
  }

  /** Bytes that commits have written here since they were opened. */
  public long writtenBytes() {
    return stores().stream().mapToLong(Store::writtenBytes).sum();
  }

  /** The end is near: ends all watches, and has other nodes lead. */
  public void stop() {
    all.forEach(shard -> shard.watches().close());
    replication.resign();
  }

  /** What is known of the cluster; empty on a single server. */
  public Optional<RaftReplication> cluster() {
    return replication instanceof RaftReplication raft ? Optional.of(raft) : Optional.empty();
  }

  /** Answers what was submitted, and closes the stores; the rest too when one of them fails. */
  @Override
  public void close() {
    List<Runnable> steps = new ArrayList<>();
    all.forEach(shard -> steps.add(shard::stop));
    steps.add(replication::close);
    all.forEach(shard -> steps.add(shard::close));
    Steps.runAll(steps);
  }
}
