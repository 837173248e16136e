package org.kvstore.server.store;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.Command;
import org.kvstore.server.model.Comparison;
import org.kvstore.server.model.Entry;
import org.kvstore.server.model.Key;
import org.kvstore.server.model.Operation;
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

  /** Bytes that a get reads: it sees what the operations before it in its transaction wrote. */
  static int sizeRead(@Nullable Entry entry, Key key, List<Operation> before) {
    int size = entry == null ? 0 : entry.value().size();
    for (Operation earlier : before) {
      if (earlier instanceof Command.Put put && put.key().equals(key)) {
        size = put.value().size();
      } else if (earlier instanceof Command.Delete delete && delete.key().equals(key)) {
        size = 0;
      }
    }
    return size;
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
