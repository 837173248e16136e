package org.kvstore.server.model;

import org.jspecify.annotations.Nullable;

/**
 * A lease: keys that hang on it are deleted when it ends.
 *
 * @param id its number, from 1
 * @param millis how long it lives without a renewal
 * @param expiresAt when it ends unless it is renewed: milliseconds since the epoch
 * @param keys how many keys hang on it
 * @param owner who was granted it; empty where nobody has to say who they are
 */
public record Lease(long id, long millis, long expiresAt, int keys, String owner) {

  /** One that belongs to nobody. */
  public Lease(long id, long millis, long expiresAt, int keys) {
    this(id, millis, expiresAt, keys, "");
  }

  /** The same of an owner. */
  public Lease of(String holder) {
    return new Lease(id, millis, expiresAt, keys, holder);
  }

  /** The same with another end. */
  public Lease until(long time) {
    return new Lease(id, millis, time, keys, owner);
  }

  /** The same with another number of keys. */
  public Lease withKeys(int count) {
    return new Lease(id, millis, expiresAt, count, owner);
  }

  /** Whether it is of an owner, null standing for anybody. */
  public boolean isOf(@Nullable String holder) {
    return holder == null || holder.equals(owner);
  }

  /** Whether its time is over, be it still there or not. */
  public boolean isOver(long now) {
    return expiresAt <= now;
  }
}
