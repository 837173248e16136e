package org.kvstore.client;

import java.time.Duration;
import java.util.Optional;
import org.kvstore.api.ErrorCode;
import org.kvstore.api.GrantDocument;

/** Grants and keeps leases; entries are put on one with {@link PutOptions#withLease}. */
public final class Leases {
  private final Requests requests;

  Leases(Requests requests) {
    this.requests = requests;
  }

  /**
   * Grants a new lease.
   *
   * @param ttl how long it lives without a renewal, 1 s .. 24 h
   */
  public Lease grant(Duration ttl) {
    GrantDocument wanted = new GrantDocument(ttl.toString());
    return Lease.of(requests.write(null, (api, name) -> api.grantLease(wanted, name)));
  }

  /** Lets a lease live for its whole time again from now on; empty when it has ended. */
  public Optional<Lease> renew(String id) {
    String valid = valid(id);
    try {
      return Optional.of(
          Lease.of(requests.write(null, (api, name) -> api.renewLease(valid, name))));
    } catch (KeyNotFoundException ended) {
      return Optional.empty();
    }
  }

  /** Reads a lease with its keys; empty when it has ended. */
  public Optional<Lease> find(String id) {
    String valid = valid(id);
    try {
      return Optional.of(Lease.of(requests.read(api -> api.lease(valid))));
    } catch (KeyNotFoundException ended) {
      return Optional.empty();
    }
  }

  /** Ends a lease and deletes its keys. Returns false when it had ended already. */
  public boolean revoke(String id) {
    String valid = valid(id);
    try {
      return requests.write(null, (api, name) -> Responses.isDone(api.revokeLease(valid, name)));
    } catch (KeyNotFoundException ended) {
      return false;
    }
  }

  private static String valid(String id) {
    if (id.isEmpty()) {
      throw KeyValueException.of(
          Failure.local(0, ErrorCode.REQUEST_INVALID, "The id of a lease is not empty."), null);
    }
    return id;
  }
}
