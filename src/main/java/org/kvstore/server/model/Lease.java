package org.kvstore.server.model;

/**
 * A lease: keys that hang on it are deleted when it ends.
 *
 * @param id its number, from 1
 * @param millis how long it lives without a renewal
 * @param expiresAt when it ends unless it is renewed: milliseconds since the epoch
 * @param keys how many keys hang on it
 */
public record Lease(long id, long millis, long expiresAt, int keys) {

  /** Whether its time is over, be it still there or not. */
  public boolean isOver(long now) {
    return expiresAt <= now;
  }
}
