package org.kvstore.server.model;

/**
 * What the sender of a request may do, as of each question: a grant that is given or taken away
 * while a request is under way counts from then on.
 *
 * <p>Every way to data asks it, before it looks whether anything is there: a refusal tells nothing
 * of keys.
 */
public interface Access {
  /** Where nobody has to say who they are: everybody may do everything. */
  Access UNLIMITED = new Unlimited();

  /**
   * Lets it happen or not.
   *
   * @throws KeyValueException FORBIDDEN without the permission; UNAUTHENTICATED when what proved
   *     who is asking is not valid any more
   */
  void require(Permission permission, Key key);

  /** The same for every key that a range may have, be it there or not. */
  void require(Permission permission, KeyRange range);

  /** The same for at least one key, whichever. */
  void requireSome(Permission permission);

  /** Whose leases and idempotency keys are meant; empty where nobody has to say who they are. */
  String owner();

  /** The same for all that there is. */
  default void requireAll(Permission permission) {
    require(permission, KeyRange.ALL);
  }

  /** Whether leases of an owner are this caller's to use. */
  default boolean owns(Lease lease) {
    return owner().equals(lease.owner());
  }

  /** The permission to do everything. */
  final class Unlimited implements Access {
    private Unlimited() {}

    @Override
    public void require(Permission permission, Key key) {}

    @Override
    public void require(Permission permission, KeyRange range) {}

    @Override
    public void requireSome(Permission permission) {}

    @Override
    public String owner() {
      return "";
    }

    @Override
    public boolean owns(Lease lease) {
      return true;
    }
  }
}
