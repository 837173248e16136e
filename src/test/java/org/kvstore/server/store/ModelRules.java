package org.kvstore.server.store;

import org.jspecify.annotations.Nullable;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.Comparison;
import org.kvstore.server.model.Entry;
import org.kvstore.server.model.Outcome.Rejected;

/** When comparisons hold, and what is refused in which words. */
final class ModelRules {
  private ModelRules() {}

  static boolean holds(Comparison comparison, @Nullable Entry entry) {
    Comparison.Operand operand = comparison.operand();
    int order;
    switch (comparison.target()) {
      case VALUE -> {
        if (entry == null) {
          return false;
        }
        order = entry.value().compareTo(operand.value());
      }
      case VERSION -> order = Long.compare(entry == null ? 0 : entry.version(), operand.number());
      case CREATE_REVISION ->
          order = Long.compare(entry == null ? 0 : entry.createRevision(), operand.number());
      case MOD_REVISION ->
          order = Long.compare(entry == null ? 0 : entry.modRevision(), operand.number());
      case LEASE -> order = Long.compare(entry == null ? 0 : entry.lease(), operand.number());
      default -> throw new IllegalStateException();
    }
    return switch (comparison.relation()) {
      case EQUAL -> order == 0;
      case NOT_EQUAL -> order != 0;
      case LESS -> order < 0;
      case GREATER -> order > 0;
    };
  }

  static Rejected noSuchLease() {
    return new Rejected(ErrorCode.NOT_FOUND, "There is no such lease.", "lease", -1);
  }

  static Rejected leaseIsFull(int limit) {
    return new Rejected(
        ErrorCode.REQUEST_INVALID, "A lease has at most " + limit + " keys.", "lease", limit);
  }

  static Rejected readsTooMuch(long limit) {
    return new Rejected(
        ErrorCode.TOO_LARGE, "The transaction reads more than " + limit + " bytes.", "body", limit);
  }

  static Rejected noDecimal() {
    return new Rejected(
        ErrorCode.PATCH_FAILED,
        "The value is not a decimal number of at most 40 digits and 40 decimals.",
        "body",
        -1);
  }

  static Rejected aboveTheNewest(long newest) {
    return new Rejected(
        ErrorCode.REQUEST_INVALID,
        "The revision is above the newest one, " + newest + ".",
        "revision",
        newest);
  }
}
