package org.kvstore.server.model;

import org.jspecify.annotations.Nullable;

/**
 * What the sender of a request may do, as of each question: a grant that is given or taken away
 * while a request is under way counts from then on.
 *
 * <p>Every way to data asks it, before it looks whether anything is there: a refusal tells nothing
 * of keys.
 */
public interface Access {
  /** Where nobody has to say who they are: everybody may do everything. */
  Access UNLIMITED = new Unlimited(AuditTrail.NONE);

  /**
   * Lets it happen or not.
   *
   * @throws KeyValueException FORBIDDEN without the permission; UNAUTHENTICATED when what proved
   *     who is asking is not valid any more; UNAVAILABLE while it is not known what is permitted
   */
  void require(Permission permission, Key key);

  /** The same for every key that a range may have, be it there or not. */
  void require(Permission permission, KeyRange range);

  /** Whether it is let happen, for every key that a range may have; asked, it is no attempt. */
  boolean allows(Permission permission, KeyRange range);

  /** The same for at least one key, whichever. */
  void requireSome(Permission permission);

  /**
   * The same for reads that are as consistent as that. Everything else than a read of what the node
   * has needs to know of late what is permitted.
   */
  default Access at(Consistency consistency) {
    return this;
  }

  /** Whose leases and idempotency keys are meant; empty where nobody has to say who they are. */
  String owner();

  /** Hears what the sender does. */
  AuditTrail trail();

  /** The same for all that there is. */
  default void requireAll(Permission permission) {
    require(permission, KeyRange.ALL);
  }

  /** Whose leases may be used; null for anybody's. */
  default @Nullable String leaseOwner() {
    return owner();
  }

  /** The permission to do everything. */
  final class Unlimited implements Access {
    private final AuditTrail trail;

    /**
     * @param trail hears what is done
     */
    public Unlimited(AuditTrail trail) {
      this.trail = trail;
    }

    @Override
    public void require(Permission permission, Key key) {}

    @Override
    public void require(Permission permission, KeyRange range) {}

    @Override
    public void requireSome(Permission permission) {}

    @Override
    public boolean allows(Permission permission, KeyRange range) {
      return true;
    }

    @Override
    public String owner() {
      return "";
    }

    @Override
    public AuditTrail trail() {
      return trail;
    }

    @Override
    public @Nullable String leaseOwner() {
      return null;
    }
  }
}
