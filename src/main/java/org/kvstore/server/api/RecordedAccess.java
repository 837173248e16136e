package org.kvstore.server.api;

import org.jspecify.annotations.Nullable;
import org.kvstore.server.model.Access;
import org.kvstore.server.model.AuditTrail;
import org.kvstore.server.model.Consistency;
import org.kvstore.server.model.Key;
import org.kvstore.server.model.KeyRange;
import org.kvstore.server.model.Permission;

/**
 * What a sender may do, with another who hears what they do.
 *
 * @param access says what they may do, and records what they may not
 */
record RecordedAccess(Access access, AuditTrail trail) implements Access {
  @Override
  public void require(Permission permission, Key key) {
    access.require(permission, key);
  }

  @Override
  public void require(Permission permission, KeyRange range) {
    access.require(permission, range);
  }

  @Override
  public boolean allows(Permission permission, KeyRange range) {
    return access.allows(permission, range);
  }

  @Override
  public void requireSome(Permission permission) {
    access.requireSome(permission);
  }

  @Override
  public Access at(Consistency consistency) {
    return new RecordedAccess(access.at(consistency), trail);
  }

  @Override
  public String owner() {
    return access.owner();
  }

  @Override
  public @Nullable String leaseOwner() {
    return access.leaseOwner();
  }
}
