package org.kvstore.server.model;

import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A lease, as one shard knows it: keys that hang on it are deleted when it ends.
 *
 * @param id its number, from 1; {@link ShardNumber} says which shard is its home
 * @param millis how long it lives without a renewal
 * @param expiresAt when it ends unless it is renewed, or when it is forgotten: milliseconds since
 *     the epoch
 * @param keys how many keys of the shard hang on it
 * @param owner who was granted it; empty where nobody has to say who they are
 * @param status what it is to the shard
 * @param branches at its home: numbers of the other shards that may have keys of it, in order
 */
public record Lease(
    long id,
    long millis,
    long expiresAt,
    int keys,
    String owner,
    Status status,
    List<Integer> branches) {

  /** What a lease is to a shard. */
  public enum Status {
    /** It lives, and this is its home, where it is renewed and ended. */
    HOME,

    /**
     * It lives elsewhere and may have a branch here once its home knows of it. No key hangs on it.
     */
    OFFERED,

    /** It lives elsewhere, and its home knows that keys of it are here. */
    BRANCH,

    /** It was revoked, and this was its home: its branches are yet to be told. */
    ENDING,

    /** It was revoked or is over, and this was a branch; it cannot come back. */
    ENDED
  }

  /** Copies the list. */
  public Lease {
    branches = List.copyOf(branches);
  }

  /** One at its home, without branches. */
  public Lease(long id, long millis, long expiresAt, int keys, String owner) {
    this(id, millis, expiresAt, keys, owner, Status.HOME, List.of());
  }

  /** One that belongs to nobody. */
  public Lease(long id, long millis, long expiresAt, int keys) {
    this(id, millis, expiresAt, keys, "");
  }

  /** The same of an owner. */
  public Lease of(String holder) {
    return new Lease(id, millis, expiresAt, keys, holder, status, branches);
  }

  /** The same with another end. */
  public Lease until(long time) {
    return new Lease(id, millis, time, keys, owner, status, branches);
  }

  /** The same with another number of keys. */
  public Lease withKeys(int count) {
    return new Lease(id, millis, expiresAt, count, owner, status, branches);
  }

  /** The same with another status. */
  public Lease as(Status other) {
    return new Lease(id, millis, expiresAt, keys, owner, other, branches);
  }

  /** The same with other branches. */
  public Lease withBranches(List<Integer> others) {
    return new Lease(id, millis, expiresAt, keys, owner, status, others);
  }

  /** The same with one more branch. */
  public Lease withBranch(int shard) {
    return withBranches(
        Stream.concat(branches.stream(), Stream.of(shard)).distinct().sorted().toList());
  }

  /** The same without a branch. */
  public Lease withoutBranch(int shard) {
    return withBranches(branches.stream().filter(branch -> branch != shard).toList());
  }

  /** Whether it is of an owner, null standing for anybody. */
  public boolean isOf(@Nullable String holder) {
    return holder == null || holder.equals(owner);
  }

  /** Whether its time is over, be it still there or not. */
  public boolean isOver(long now) {
    return expiresAt <= now;
  }

  /** Whether keys can hang on it here. */
  public boolean isAlive(long now) {
    return (status == Status.HOME || status == Status.BRANCH) && !isOver(now);
  }
}
