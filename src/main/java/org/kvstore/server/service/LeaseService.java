package org.kvstore.server.service;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import org.jspecify.annotations.NullUnmarked;
import org.jspecify.annotations.Nullable;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.Access;
import org.kvstore.server.model.Command.GrantLease;
import org.kvstore.server.model.Command.RenewLease;
import org.kvstore.server.model.Command.RevokeLease;
import org.kvstore.server.model.Consistency;
import org.kvstore.server.model.Key;
import org.kvstore.server.model.KeyRange;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.model.Lease;
import org.kvstore.server.model.Outcome.Leased;
import org.kvstore.server.model.Outcome.Revoked;
import org.kvstore.server.model.Permission;
import org.kvstore.server.model.Submission.RequestName;
import org.kvstore.server.replication.LeaseCoordinator;
import org.kvstore.server.store.Read;

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
   * Grants a lease, which only its owner can use. Whoever may write no key has no use for one.
   *
   * @throws KeyValueException REQUEST_INVALID unless the time is from 1 s to 24 h
   */
  public CompletionStage<Lease> grant(
      Access access, Duration time, @Nullable String idempotencyKey) {
    access.requireSome(Permission.WRITE);
    if (time.compareTo(SHORTEST) < 0 || time.compareTo(LONGEST) > 0) {
      throw KeyValueException.invalid("ttl", "A lease lives from 1s to 24h.");
    }
    GrantLease grant = new GrantLease(time.toMillis(), access.owner());
    return access
        .trail()
        .of(
            "grantLease",
            () -> "",
            leases()
                .grant(grant, name(access, idempotencyKey, "lease " + time))
                .thenApply(outcome -> Outcomes.expect(Leased.class, outcome).lease()));
  }

  /**
   * Lets a lease live on, for its whole time from now, and its keys with it, which its owner must
   * be permitted to write still.
   */
  public CompletionStage<Lease> renew(Access access, long id, @Nullable String idempotencyKey) {
    RenewLease renew = new RenewLease(id, access.leaseOwner());
    return changing(
        access,
        "renewLease",
        id,
        () ->
            leases()
                .renew(renew, name(access, idempotencyKey, "renew " + id))
                .thenApply(outcome -> Outcomes.expect(Leased.class, outcome).lease()));
  }

  /** Ends a lease and deletes its keys, which its owner must be permitted still. */
  public CompletionStage<Revoked> revoke(Access access, long id, @Nullable String idempotencyKey) {
    RevokeLease revoke = new RevokeLease(id, access.leaseOwner());
    return changing(
        access,
        "revokeLease",
        id,
        () ->
            leases()
                .revoke(revoke, name(access, idempotencyKey, "revoke " + id))
                .thenApply(outcome -> Outcomes.expect(Revoked.class, outcome)));
  }

  /**
   * A lease with its keys.
   *
   * @throws KeyValueException NOT_FOUND when it is gone, or another's
   */
  public CompletionStage<Holding> find(Access access, long id) {
    access.requireSome(Permission.WRITE);
    return leases()
        .find(id)
        .thenApply(
            found -> {
              LeaseCoordinator.Holding holding = found.orElseThrow(LeaseService::missing);
              requireOwner(access, "readLease", holding.lease());
              requireKeys(access, Permission.READ, holding.keys());
              return new Holding(holding.lease(), holding.keys());
            });
  }

  /**
   * Does something with a lease whose keys its owner may write. One that is not there yet, or not
   * any more, the command itself finds missing.
   */
  private <T> CompletionStage<T> changing(
      Access access, String action, long id, Supplier<CompletionStage<T>> change) {
    access.requireSome(Permission.WRITE);
    return requireWritable(access, action, id)
        .thenCompose(any -> access.trail().of(action, () -> Long.toString(id), change.get()));
  }

  private CompletionStage<Void> requireWritable(Access access, String action, long id) {
    if (access.allows(Permission.WRITE, KeyRange.ALL)) {
      return handle
          .require()
          .shards()
          .ofLease(id)
          .read(Consistency.LINEARIZABLE, new Read.LeaseOf(id))
          .thenAccept(found -> found.ifPresent(lease -> requireOwner(access, action, lease)));
    }
    return leases()
        .find(id)
        .thenAccept(
            found ->
                found.ifPresent(
                    holding -> {
                      requireOwner(access, action, holding.lease());
                      requireKeys(access, Permission.WRITE, holding.keys());
                    }));
  }

  private static void requireOwner(Access access, String action, Lease lease) {
    if (!lease.isOf(access.leaseOwner())) {
      access.trail().denied(action, Long.toString(lease.id()));
      throw missing();
    }
  }

  private static void requireKeys(Access access, Permission permission, List<Key> keys) {
    keys.forEach(key -> access.require(permission, key));
  }

  private static KeyValueException missing() {
    return KeyValueException.of(ErrorCode.NOT_FOUND, "There is no such lease.").withField("lease");
  }

  private static @Nullable RequestName name(
      Access access, @Nullable String idempotencyKey, String asks) {
    return idempotencyKey == null
        ? null
        : new RequestName(KeyValueService.scoped(access, idempotencyKey), Fingerprint.of(asks));
  }

  private LeaseCoordinator leases() {
    return handle.require().shards().leases();
  }
}
