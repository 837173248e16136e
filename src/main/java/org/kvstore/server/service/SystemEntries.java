package org.kvstore.server.service;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.time.Clock;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.NullUnmarked;
import org.kvstore.server.model.Bytes;
import org.kvstore.server.model.Command;
import org.kvstore.server.model.Condition;
import org.kvstore.server.model.Consistency;
import org.kvstore.server.model.Entry;
import org.kvstore.server.model.Key;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.model.Lifetime;
import org.kvstore.server.model.Outcome;
import org.kvstore.server.model.Outcome.Deleted;
import org.kvstore.server.model.Outcome.Written;
import org.kvstore.server.shard.Shard;
import org.kvstore.server.store.Read;

/**
 * Entries under the server's own keys, see {@link Key#ofSystem}: as durable as those of clients, in
 * the same backups, and never seen by clients. Every stage completes when what it says is durable.
 */
@ApplicationScoped
public class SystemEntries {
  private static final String JSON = "application/json";

  private final EngineHandle handle;

  /** For the container's proxy only. */
  @NullUnmarked
  protected SystemEntries() {
    handle = null;
  }

  @Inject
  public SystemEntries(EngineHandle handle) {
    this.handle = handle;
  }

  /** The newest entry of a key. */
  public CompletionStage<Optional<Entry>> get(Key key) {
    return handle.require().shards().system().read(Consistency.LINEARIZABLE, new Read.Get(key));
  }

  /**
   * Creates or replaces an entry.
   *
   * @param json its value
   * @param expiresAt milliseconds since the epoch, or {@link Long#MAX_VALUE} for never
   */
  public CompletionStage<Written> put(Key key, Bytes json, long expiresAt, Condition condition) {
    Lifetime lifetime =
        expiresAt == Long.MAX_VALUE ? new Lifetime.Forever() : new Lifetime.Until(expiresAt);
    return submit(Written.class, new Command.Put(key, json, JSON, lifetime, condition));
  }

  /**
   * Deletes an entry.
   *
   * @return fails with {@link KeyValueException} NOT_FOUND when there is none
   */
  public CompletionStage<Deleted> delete(Key key) {
    return submit(Deleted.class, new Command.Delete(key, Condition.NONE));
  }

  /** Time as commands are given it. */
  public Clock clock() {
    return handle.require().clock();
  }

  private <T extends Outcome> CompletionStage<T> submit(Class<T> expected, Command command) {
    Shard system = handle.require().shards().system();
    return system
        .submit(command, null)
        .thenApply(outcome -> Outcomes.expect(expected, outcome))
        // Until this node has applied it, it is not in force here.
        .thenCompose(
            done ->
                system
                    .read(Consistency.LINEARIZABLE, new Read.Newest())
                    .thenApply(revision -> done));
  }
}
