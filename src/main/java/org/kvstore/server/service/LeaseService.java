package org.kvstore.server.service;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.NullUnmarked;
import org.jspecify.annotations.Nullable;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.Command;
import org.kvstore.server.model.Key;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.model.Lease;
import org.kvstore.server.model.Outcome;
import org.kvstore.server.model.Outcome.Leased;
import org.kvstore.server.model.Outcome.Revoked;
import org.kvstore.server.model.Submission;
import org.kvstore.server.model.Submission.RequestName;

/** Leases: keys that hang on one live as long as its holder renews it. */
@ApplicationScoped
public class LeaseService {
  private static final Duration SHORTEST = Duration.ofSeconds(1);
  private static final Duration LONGEST = Duration.ofHours(24);

  private final EngineHandle handle;

  /** For the container's proxy only. */
  @NullUnmarked
  protected LeaseService() {
    handle = null;
  }

  @Inject
  public LeaseService(EngineHandle handle) {
    this.handle = handle;
  }

  /** A lease and what hangs on it. */
  public record Holding(Lease lease, List<Key> keys) {}

  /**
   * Grants a lease.
   *
   * @throws KeyValueException REQUEST_INVALID unless the time is from 1 s to 24 h
   */
  public CompletionStage<Lease> grant(Duration time, @Nullable String idempotencyKey) {
    if (time.compareTo(SHORTEST) < 0 || time.compareTo(LONGEST) > 0) {
      throw KeyValueException.invalid("ttl", "A lease lives from 1s to 24h.");
    }
    return submit(new Command.GrantLease(time.toMillis()), idempotencyKey, "lease " + time)
        .thenApply(outcome -> Outcomes.expect(Leased.class, outcome).lease());
  }

  /** Lets a lease live on, for its whole time from now. */
  public CompletionStage<Lease> renew(long id, @Nullable String idempotencyKey) {
    return submit(new Command.RenewLease(id), idempotencyKey, "renew " + id)
        .thenApply(outcome -> Outcomes.expect(Leased.class, outcome).lease());
  }

  /** Ends a lease and deletes its keys. */
  public CompletionStage<Revoked> revoke(long id, @Nullable String idempotencyKey) {
    return submit(new Command.RevokeLease(id), idempotencyKey, "revoke " + id)
        .thenApply(outcome -> Outcomes.expect(Revoked.class, outcome));
  }

  /**
   * A lease with its keys.
   *
   * @throws KeyValueException NOT_FOUND when it is gone
   */
  public Holding find(long id) {
    Engine engine = handle.require();
    Lease lease = engine.store().lease(id);
    if (lease == null || lease.isOver(engine.clock().millis())) {
      throw KeyValueException.of(ErrorCode.NOT_FOUND, "There is no such lease.").withField("lease");
    }
    return new Holding(lease, engine.store().leaseKeys(id));
  }

  private CompletionStage<Outcome> submit(
      Command command, @Nullable String idempotencyKey, String asks) {
    RequestName name =
        idempotencyKey == null ? null : new RequestName(idempotencyKey, Fingerprint.of(asks));
    Engine engine = handle.require();
    return engine.replicator().submit(new Submission(command, engine.clock().millis(), name));
  }
}
