package org.kvstore.server.service;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.NullUnmarked;
import org.jspecify.annotations.Nullable;
import org.kvstore.server.model.Access;
import org.kvstore.server.model.Command;
import org.kvstore.server.model.Key;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.model.Limits;
import org.kvstore.server.model.Outcome.Compacted;
import org.kvstore.server.model.Permission;
import org.kvstore.server.model.Submission;
import org.kvstore.server.store.History;
import org.kvstore.server.store.Watch;
import org.kvstore.server.store.WatchSink;

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
   * Opens a watch; it begins to deliver when it is woken, and ends when it is permitted no more.
   *
   * @param from everything up to it is known; null for now
   * @throws KeyValueException COMPACTED, TOO_MANY_REQUESTS; REQUEST_INVALID for a position of
   *     another store or of the future
   */
  public Watch watch(Access access, Watch.Query query, @Nullable Position from, WatchSink sink) {
    Engine engine = handle.require();
    access.require(Permission.READ, query.range());
    if (from != null && from.store() != storeDigest()) {
      throw KeyValueException.invalid("from", "It is a position of another store.");
    }
    long after = from == null ? engine.store().revision() : from.revision();
    return engine
        .watches()
        .open(query, after, sink, () -> access.require(Permission.READ, query.range()));
  }

  /** The position of a revision. */
  public Position position(long revision) {
    return new Position(storeDigest(), revision);
  }

  /**
   * The retained versions of a key, the newest first.
   *
   * @param from the revision to begin with, or 0 for the newest
   */
  public History history(Access access, Key key, long from, int limit) {
    access.require(Permission.READ, key);
    return handle.require().store().history(key, from, limit);
  }

  /**
   * Gives up the history before a revision.
   *
   * @param revision the oldest revision to keep, or 0 for the newest
   */
  public CompletionStage<Compacted> compact(Access access, long revision) {
    access.requireAll(Permission.ADMIN);
    Engine engine = handle.require();
    long before = revision == 0 ? engine.store().revision() : revision;
    return access
        .trail()
        .of(
            "compact",
            () -> Long.toString(before),
            engine
                .replicator()
                .submit(new Submission(new Command.Compact(before), engine.clock().millis(), null))
                .thenApply(outcome -> Outcomes.expect(Compacted.class, outcome)));
  }

  private int storeDigest() {
    return handle.require().storeId().hashCode();
  }
}
