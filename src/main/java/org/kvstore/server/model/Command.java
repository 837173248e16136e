package org.kvstore.server.model;

import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** A change that is asked for. Applying one is deterministic: it reads no clock and no chance. */
public sealed interface Command {

  /** Creates or replaces one entry. */
  record Put(Key key, Bytes value, String contentType, Lifetime lifetime, Condition condition)
      implements Command, Operation {}

  /** Deletes one entry. */
  record Delete(Key key, Condition condition) implements Command, Operation {}

  /** Changes the value of one entry in terms of what it is. */
  record Modify(Key key, Patch patch, Condition condition) implements Command {}

  /**
   * Deletes the first keys of a range, in one revision.
   *
   * @param range the keys
   * @param limit how many at the most, so that one revision stays bounded
   * @param deletedBefore keys that earlier commands of the same request deleted
   */
  record DeleteRange(KeyRange range, int limit, long deletedBefore) implements Command {}

  /**
   * Does one of two lists of operations, by what it finds; all in one revision, or nothing.
   *
   * @param comparisons all of them must hold for {@code then}
   * @param then what is done when they hold
   * @param otherwise what is done when one does not
   */
  record Transact(List<Comparison> comparisons, List<Operation> then, List<Operation> otherwise)
      implements Command {

    /** Copies the lists. */
    public Transact {
      comparisons = List.copyOf(comparisons);
      then = List.copyOf(then);
      otherwise = List.copyOf(otherwise);
    }

    /** All keys that it may read or write, in whichever branch. */
    public List<KeyRange> keys() {
      Stream<KeyRange> operations =
          Stream.concat(then.stream(), otherwise.stream()).map(Operation::keys);
      Stream<KeyRange> compared =
          comparisons.stream().map(comparison -> KeyRange.of(comparison.key()));
      return Stream.concat(compared, operations).toList();
    }

    /** Whether its outcome may hold entries. */
    public boolean reads() {
      return !then.stream().allMatch(Operation::writes)
          || !otherwise.stream().allMatch(Operation::writes);
    }
  }

  /**
   * Grants a lease.
   *
   * @param millis how long it lives without a renewal
   * @param owner whose it is; empty where nobody has to say who they are
   */
  record GrantLease(long millis, String owner) implements Command {
    /** Grants one that belongs to nobody. */
    public GrantLease(long millis) {
      this(millis, "");
    }
  }

  /**
   * Lets a lease live on, for its whole time from now.
   *
   * @param owner whose lease it has to be; null for anybody's
   */
  record RenewLease(long lease, @Nullable String owner) implements Command {
    /** Of whoever it is. */
    public RenewLease(long lease) {
      this(lease, null);
    }
  }

  /**
   * Ends a lease and deletes its keys, in one revision.
   *
   * @param owner whose lease it has to be; null for anybody's
   */
  record RevokeLease(long lease, @Nullable String owner) implements Command {
    /** Of whoever it is. */
    public RevokeLease(long lease) {
      this(lease, null);
    }
  }

  /**
   * At a lease's home: notes that another shard is about to have keys of it.
   *
   * @param owner whose lease it has to be; null for anybody's
   */
  record BranchLease(long lease, int shard, @Nullable String owner) implements Command {}

  /**
   * At another shard: has a lease live here as long as it does at its home. If its home does not
   * know of this branch yet, it is only an offer; if it does, the branch has to be here already.
   *
   * @param lease as its home has it
   */
  record AdoptLease(Lease lease) implements Command {}

  /**
   * At a branch: ends a lease that was revoked at its home, and deletes its keys, in one revision.
   *
   * @param until when it would have ended by itself: milliseconds since the epoch
   */
  record EndLease(long lease, long until) implements Command {}

  /** At a revoked lease's home: notes that a branch has been told. */
  record ForgetBranch(long lease, int shard) implements Command {}

  /**
   * Deletes entries and ends leases whose time has come.
   *
   * @param limit how many entries at the most; a lease is ended whole
   */
  record Expire(int limit) implements Command {}

  /** Gives up the history before a revision. */
  record Compact(long revision) implements Command {}

  /** The bytes that the command holds in memory while it waits, roughly. */
  default long weight() {
    if (this instanceof Put put) {
      return 256L + put.key().utf8().size() + put.value().size();
    }
    if (this instanceof Modify modify) {
      return 256L + modify.key().utf8().size() + modify.patch().document().size();
    }
    if (this instanceof Transact transact) {
      long compared =
          transact.comparisons().stream()
              .mapToLong(comparison -> 256L + comparison.operand().value().size())
              .sum();
      return 256L + compared + weight(transact.then()) + weight(transact.otherwise());
    }
    return 256L;
  }

  /**
   * Whether the command needs room on the disk for good, beyond what a delete needs for a while.
   * Entries of the server's own are few and small, and rights must be taken back on a full disk
   * too.
   */
  default boolean grows() {
    return this instanceof Put put && !put.key().isSystem()
        || this instanceof Modify
        || this instanceof GrantLease
        || this instanceof BranchLease
        || this instanceof Transact transact
            && (grow(transact.then()) || grow(transact.otherwise()));
  }

  private static long weight(List<Operation> operations) {
    return operations.stream()
        .mapToLong(operation -> operation instanceof Put put ? put.weight() : 256)
        .sum();
  }

  private static boolean grow(List<Operation> operations) {
    return operations.stream().anyMatch(Put.class::isInstance);
  }
}
