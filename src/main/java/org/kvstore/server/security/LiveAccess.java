package org.kvstore.server.security;

import java.time.Clock;
import java.util.Locale;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.Access;
import org.kvstore.server.model.AuditTrail;
import org.kvstore.server.model.Consistency;
import org.kvstore.server.model.Key;
import org.kvstore.server.model.KeyRange;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.model.Permission;

/**
 * What a caller may do by the rules as they are at each question. An operator may do everything,
 * whatever they are, and be it that they are not known.
 */
final class LiveAccess implements Access {
  private final Caller caller;
  private final Supplier<Rules> rules;
  private final Supplier<Rules> rulesOfLocalReads;
  private final Clock clock;
  private final AuditTrail trail;

  /**
   * @param rules those that all but local reads go by; throws UNAVAILABLE while they are not known
   * @param rulesOfLocalReads the same of those
   */
  LiveAccess(
      Caller caller,
      Supplier<Rules> rules,
      Supplier<Rules> rulesOfLocalReads,
      Clock clock,
      AuditTrail trail) {
    this.caller = caller;
    this.rules = rules;
    this.rulesOfLocalReads = rulesOfLocalReads;
    this.clock = clock;
    this.trail = trail;
  }

  @Override
  public void require(Permission permission, Key key) {
    if (!now().allows(caller, permission, key.utf8())) {
      throw forbidden(permission, "this key", key.text());
    }
  }

  @Override
  public void require(Permission permission, KeyRange range) {
    if (!now().allows(caller, permission, range)) {
      String what = range.equals(KeyRange.ALL) ? "all keys" : "all keys of this range";
      throw forbidden(permission, what, range.text());
    }
  }

  @Override
  public void requireSome(Permission permission) {
    if (!now().allowsSome(caller, permission)) {
      throw forbidden(permission, "any key", "");
    }
  }

  @Override
  public boolean allows(Permission permission, KeyRange range) {
    return now().allows(caller, permission, range);
  }

  @Override
  public Access at(Consistency consistency) {
    return consistency == Consistency.LOCAL
        ? new LiveAccess(caller, rulesOfLocalReads, rulesOfLocalReads, clock, trail)
        : this;
  }

  @Override
  public AuditTrail trail() {
    return trail;
  }

  @Override
  public String owner() {
    return caller.subject();
  }

  /** Whether they may do everything, whatever grants there are. */
  boolean isOperator() {
    return caller.isOperator();
  }

  /** The operator helps with what belongs to others too. */
  @Override
  public @Nullable String leaseOwner() {
    return caller.isOperator() ? null : owner();
  }

  private Rules now() {
    Rules newest = caller.isOperator() ? Rules.NONE : rules.get();
    if (!newest.accepts(caller, clock.millis())) {
      trail.record(AuditTrail.AUTHENTICATE, "", ErrorCode.UNAUTHENTICATED.name());
      throw KeyValueException.of(
          ErrorCode.UNAUTHENTICATED, "The proof of who is asking is not valid any more.");
    }
    return newest;
  }

  private KeyValueException forbidden(Permission permission, String what, String target) {
    String action =
        permission == Permission.ADMIN ? "administer" : permission.name().toLowerCase(Locale.ROOT);
    trail.record(action, target, ErrorCode.FORBIDDEN.name());
    return KeyValueException.of(
        ErrorCode.FORBIDDEN,
        "'%s' has no permission to %s %s.".formatted(caller.subject(), action, what));
  }
}
