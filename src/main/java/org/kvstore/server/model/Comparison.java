package org.kvstore.server.model;

import org.jspecify.annotations.Nullable;

/**
 * A comparison of a transaction. A missing key has version, create revision, modification revision
 * and lease 0, and no value: a comparison of its value never holds.
 *
 * @param key whose entry is compared
 * @param target what of it
 * @param relation how
 * @param operand with what
 */
public record Comparison(Key key, Target target, Relation relation, Operand operand) {

  /** What is compared. */
  public enum Target {
    VERSION,
    CREATE_REVISION,
    MOD_REVISION,
    VALUE,
    LEASE
  }

  /** How it is compared; values in the order of their unsigned bytes. */
  public enum Relation {
    EQUAL,
    NOT_EQUAL,
    LESS,
    GREATER;

    private boolean holds(int order) {
      return switch (this) {
        case EQUAL -> order == 0;
        case NOT_EQUAL -> order != 0;
        case LESS -> order < 0;
        case GREATER -> order > 0;
      };
    }
  }

  /**
   * What is compared with.
   *
   * @param number for all targets but the value
   * @param value for the value; empty otherwise
   */
  public record Operand(long number, Bytes value) {}

  /** Whether it holds for the current entry, null being a missing one. */
  public boolean holds(@Nullable Entry entry) {
    if (target == Target.VALUE) {
      return entry != null && relation.holds(entry.value().compareTo(operand.value()));
    }
    return relation.holds(Long.compare(entry == null ? 0 : number(entry), operand.number()));
  }

  private long number(Entry entry) {
    return switch (target) {
      case VERSION -> entry.version();
      case CREATE_REVISION -> entry.createRevision();
      case MOD_REVISION -> entry.modRevision();
      case LEASE -> entry.lease();
      case VALUE -> throw new IllegalStateException("A value is not a number.");
    };
  }
}
