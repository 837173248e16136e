package org.kvstore.client;

import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.kvstore.api.LeaseDocument;

/**
 * A lease: entries hang on it and are deleted, all in one revision, when it ends.
 *
 * @param id names it: opaque
 * @param ttl how long it lives without a renewal
 * @param expiresAt when it ends unless it is renewed, by the clock of the service
 * @param keys the keys that hang on it; only {@link Leases#find} tells them
 */
public record Lease(String id, Duration ttl, Instant expiresAt, List<String> keys) {
  /** Copies the list. */
  public Lease {
    keys = List.copyOf(keys);
  }

  static Lease of(LeaseDocument document) {
    try {
      return new Lease(
          document.id(),
          Duration.parse(document.ttl()),
          Instant.parse(document.expiresAt()),
          Optional.ofNullable(document.keys()).orElse(List.of()));
    } catch (DateTimeException notATime) {
      throw KeyValueException.notTheService(200, "a lease has no valid time", notATime);
    }
  }
}
