package org.kvstore.server.service;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import org.jspecify.annotations.NullUnmarked;
import org.jspecify.annotations.Nullable;
import org.kvstore.server.model.Access;
import org.kvstore.server.model.Command;
import org.kvstore.server.model.Consistency;
import org.kvstore.server.model.Key;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.model.Limits;
import org.kvstore.server.model.Outcome.Compacted;
import org.kvstore.server.model.Permission;
import org.kvstore.server.model.Revisions;
import org.kvstore.server.shard.Position;
import org.kvstore.server.shard.Shard;
import org.kvstore.server.shard.ShardRead;
import org.kvstore.server.shard.Shards;
import org.kvstore.server.shard.Subscription;
import org.kvstore.server.store.History;
import org.kvstore.server.store.Read;
import org.kvstore.server.store.Watch;

/** What changed: watches, the versions of a key, and how far back they go. */
@ApplicationScoped
public class ChangeService {
  private final EngineHandle handle;

  /** For the container's proxy only. */
  @NullUnmarked
  protected ChangeService() {
    handle = null;
  }

  @Inject
  public ChangeService(EngineHandle handle) {
    this.handle = handle;
  }

  /** Every bound. */
  public Limits limits() {
    return handle.require().limits();
  }

  /**
   * Opens a watch, once this node knows every change acknowledged before; it begins to deliver when
   * its reader is said to be ready, and ends when it is permitted no more.
   *
   * @param from everything up to it is known; null for now
   * @return fails with {@link KeyValueException} COMPACTED, TOO_MANY_REQUESTS; REQUEST_INVALID for
   *     a position of another store or of the future
   */
  public CompletionStage<Subscription> watch(
      Access access, Watch.Query query, @Nullable Position from, Subscription.Reader reader) {
    access.require(Permission.READ, query.range());
    Shards shards = handle.require().shards();
    Revisions start;
    try {
      start = from == null ? null : shards.revisions("from", from);
    } catch (KeyValueException e) {
      return CompletableFuture.failedStage(e);
    }
    return shards.watch(
        query,
        start,
        reader,
        limits().progressInterval().toNanos(),
        () -> access.require(Permission.READ, query.range()));
  }

  /** The position of a point in time. */
  public Position position(Revisions revisions) {
    return handle.require().shards().position(revisions);
  }

  /**
   * The retained versions of a key, the newest first.
   *
   * @param from the revision to begin with, or 0 for the newest
   * @param form makes the answer of it, in the same turn
   */
  public <T> CompletionStage<T> history(
      Access access,
      Key key,
      long from,
      int limit,
      Consistency consistency,
      Function<History, T> form) {
    access.at(consistency).require(Permission.READ, key);
    Engine engine = handle.require();
    ShardRead<History> read =
        engine.shards().of(key).begin(consistency, new Read.HistoryOf(key, from, limit));
    return engine.page(read.ready(), () -> form.apply(read.get()));
  }

  /**
   * Gives up the history before a revision, or all of it.
   *
   * @param revision the oldest revision to keep, where there is one shard; 0 for the newest of each
   * @return the oldest revision that can be read: of the first shard, where there are several
   */
  public CompletionStage<Compacted> compact(Access access, long revision) {
    access.requireAll(Permission.ADMIN);
    Shards shards = handle.require().shards();
    if (revision > 0 && shards.data().size() > 1) {
      throw KeyValueException.invalid(
          "revision", "A revision is one of a single shard; without it all are compacted.");
    }
    return access
        .trail()
        .of("compact", () -> Long.toString(revision), compact(shards.data(), revision));
  }

  private static CompletionStage<Compacted> compact(List<Shard> shards, long revision) {
    CompletionStage<Compacted> first = compact(shards.get(0), revision);
    for (Shard shard : shards.subList(1, shards.size())) {
      first = first.thenCombine(compact(shard, revision), (of, other) -> of);
    }
    return first;
  }

  private static CompletionStage<Compacted> compact(Shard shard, long revision) {
    CompletionStage<Long> before =
        revision == 0
            ? shard.read(Consistency.LINEARIZABLE, new Read.Newest())
            : CompletableFuture.completedStage(revision);
    return before
        .thenCompose(of -> shard.submit(new Command.Compact(of), null))
        .thenApply(outcome -> Outcomes.expect(Compacted.class, outcome));
  }
}
