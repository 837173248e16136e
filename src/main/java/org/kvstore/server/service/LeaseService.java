package org.kvstore.server.service;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.NullUnmarked;
import org.jspecify.annotations.Nullable;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.Access;
import org.kvstore.server.model.Command;
import org.kvstore.server.model.Consistency;
import org.kvstore.server.model.Key;
import org.kvstore.server.model.KeyRange;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.model.Lease;
import org.kvstore.server.model.Outcome;
import org.kvstore.server.model.Outcome.Leased;
import org.kvstore.server.model.Outcome.Revoked;
import org.kvstore.server.model.Permission;
import org.kvstore.server.model.Submission.RequestName;
import org.kvstore.server.shard.Shard;
import org.kvstore.server.store.Store;

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
    Command grant = new Command.GrantLease(time.toMillis(), access.owner());
    return access
        .trail()
        .of(
            "grantLease",
            () -> "",
            submit(access, home(0), grant, idempotencyKey, "lease " + time)
                .thenApply(outcome -> Outcomes.expect(Leased.class, outcome).lease()));
  }

  /**
   * Lets a lease live on, for its whole time from now, and its keys with it, which its owner must
   * be permitted to write still.
   */
  public CompletionStage<Lease> renew(Access access, long id, @Nullable String idempotencyKey) {
    requireWritable(access, "renewLease", id);
    Command renew = new Command.RenewLease(id, access.leaseOwner());
    return access
        .trail()
        .of(
            "renewLease",
            () -> Long.toString(id),
            submit(access, home(id), renew, idempotencyKey, "renew " + id)
                .thenApply(outcome -> Outcomes.expect(Leased.class, outcome).lease()));
  }

  /** Ends a lease and deletes its keys, which its owner must be permitted still. */
  public CompletionStage<Revoked> revoke(Access access, long id, @Nullable String idempotencyKey) {
    requireWritable(access, "revokeLease", id);
    return access
        .trail()
        .of(
            "revokeLease",
            () -> Long.toString(id),
            submit(
                    access,
                    home(id),
                    new Command.RevokeLease(id, access.leaseOwner()),
                    idempotencyKey,
                    "revoke " + id)
                .thenApply(outcome -> Outcomes.expect(Revoked.class, outcome)));
  }

  /**
   * A lease with its keys.
   *
   * @throws KeyValueException NOT_FOUND when it is gone, or another's
   */
  public CompletionStage<Holding> find(Access access, long id) {
    access.requireSome(Permission.WRITE);
    long now = handle.require().clock().millis();
    return home(id).read(Consistency.LINEARIZABLE, store -> find(access, store, id, now));
  }

  private static Holding find(Access access, Store store, long id, long now) {
    Lease lease = store.lease(id);
    if (lease == null || lease.isOver(now)) {
      throw missing();
    }
    requireOwner(access, "readLease", lease);
    List<Key> keys = store.leaseKeys(id);
    requireKeys(access, Permission.READ, keys);
    return new Holding(lease, keys);
  }

  private Shard home(long id) {
    return handle.require().shards().ofLease(id);
  }

  /** A lease that is not there yet, or not any more, the command itself finds missing. */
  private void requireWritable(Access access, String action, long id) {
    access.requireSome(Permission.WRITE);
    Store store = home(id).store();
    Lease lease = store.lease(id);
    if (lease != null) {
      requireOwner(access, action, lease);
    }
    if (!access.allows(Permission.WRITE, KeyRange.ALL)) {
      requireKeys(access, Permission.WRITE, store.leaseKeys(id));
    }
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

  private static CompletionStage<Outcome> submit(
      Access access, Shard home, Command command, @Nullable String idempotencyKey, String asks) {
    RequestName name =
        idempotencyKey == null
            ? null
            : new RequestName(KeyValueService.scoped(access, idempotencyKey), Fingerprint.of(asks));
    return home.submit(command, name);
  }
}
