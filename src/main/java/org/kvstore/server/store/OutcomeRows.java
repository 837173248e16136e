package org.kvstore.server.store;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.Bytes;
import org.kvstore.server.model.Entry;
import org.kvstore.server.model.Key;
import org.kvstore.server.model.Lease;
import org.kvstore.server.model.Outcome;
import org.kvstore.server.model.Outcome.Compacted;
import org.kvstore.server.model.Outcome.ConditionFailed;
import org.kvstore.server.model.Outcome.Deleted;
import org.kvstore.server.model.Outcome.Ending;
import org.kvstore.server.model.Outcome.Expired;
import org.kvstore.server.model.Outcome.Found;
import org.kvstore.server.model.Outcome.Leased;
import org.kvstore.server.model.Outcome.Listed;
import org.kvstore.server.model.Outcome.Missing;
import org.kvstore.server.model.Outcome.Modified;
import org.kvstore.server.model.Outcome.NameReused;
import org.kvstore.server.model.Outcome.NoBranch;
import org.kvstore.server.model.Outcome.OperationRefused;
import org.kvstore.server.model.Outcome.RangeDeleted;
import org.kvstore.server.model.Outcome.Rejected;
import org.kvstore.server.model.Outcome.Revoked;
import org.kvstore.server.model.Outcome.Transacted;
import org.kvstore.server.model.Outcome.Written;

/**
 * The form of an outcome, where it is remembered and on its way to another node: its kind, a byte,
 * and its parts.
 */
final class OutcomeRows {
  private static final int CREATED = 1;
  private static final int ON_LEASE = 2;

  private OutcomeRows() {}

  static Encoder write(Encoder row, Outcome outcome) {
    if (outcome instanceof Written written) {
      return written(row.fixed8(1), written);
    }
    if (outcome instanceof Deleted deleted) {
      return row.fixed8(2).variable(deleted.revision());
    }
    if (outcome instanceof Missing) {
      return row.fixed8(3);
    }
    if (outcome instanceof ConditionFailed failed) {
      return row.fixed8(4).variable(failed.currentRevision());
    }
    if (outcome instanceof RangeDeleted deleted && deleted.resume() == null) {
      return row.fixed8(5).variable(deleted.deleted());
    }
    if (outcome instanceof Modified modified) {
      return written(row.fixed8(6), modified.written())
          .sized(modified.value())
          .sized(modified.contentType());
    }
    if (outcome instanceof Transacted done) {
      row.fixed8(7).fixed8(done.succeeded() ? 1 : 0).variable(done.revision());
      row.variable(done.results().size());
      done.results().forEach(result -> write(row, result));
      return row;
    }
    if (outcome instanceof Found found) {
      return entry(row.fixed8(8), found.entry());
    }
    if (outcome instanceof Listed listed) {
      row.fixed8(9).fixed8(listed.more() ? 1 : 0).variable(listed.entries().size());
      listed.entries().forEach(entry -> entry(row, entry));
      return row;
    }
    if (outcome instanceof Leased leased) {
      return leased(row, leased.lease());
    }
    if (outcome instanceof Revoked revoked) {
      return row.fixed8(11).variable(revoked.keys());
    }
    if (outcome instanceof Compacted compacted) {
      return row.fixed8(12).variable(compacted.revision());
    }
    if (outcome instanceof Rejected rejected) {
      return row.fixed8(13)
          .sized(rejected.code().name())
          .sized(rejected.detail())
          .sized(rejected.field())
          .variable(rejected.limit());
    }
    if (outcome instanceof Ending ending) {
      return lease(row.fixed8(19), ending.lease()).variable(ending.keys());
    }
    if (outcome instanceof OperationRefused refused) {
      row.fixed8(14).fixed8(refused.succeeded() ? 1 : 0).variable(refused.operation());
      return write(row, refused.reason());
    }
    return writeUnfinished(row, outcome);
  }

  /** What is not remembered: it is no client's final answer. */
  private static Encoder writeUnfinished(Encoder row, Outcome outcome) {
    if (outcome instanceof RangeDeleted deleted) {
      return row.fixed8(15)
          .variable(deleted.deleted())
          .sized(Objects.requireNonNull(deleted.resume()));
    }
    if (outcome instanceof Expired expired) {
      return row.fixed8(16).variable(expired.expired()).fixed8(expired.more() ? 1 : 0);
    }
    if (outcome instanceof NameReused) {
      return row.fixed8(17);
    }
    if (outcome instanceof NoBranch missing) {
      row.fixed8(20).variable(missing.lease()).fixed8(missing.owner() == null ? 0 : 1);
      return missing.owner() == null ? row : row.sized(missing.owner());
    }
    throw new IllegalArgumentException("No outcome: " + outcome);
  }

  static Outcome read(Decoder row) {
    int kind = row.fixed8();
    return switch (kind) {
      case 1 -> written(row);
      case 2 -> new Deleted(row.variable());
      case 3 -> new Missing();
      case 4 -> new ConditionFailed(row.variable());
      case 5 -> new RangeDeleted(row.variable(), null);
      case 6 -> new Modified(written(row), row.sizedBytes(), row.sizedText());
      case 7 -> new Transacted(row.fixed8() == 1, row.variable(), results(row));
      case 8 -> new Found(entry(row));
      case 9 -> listed(row);
      case 10 ->
          new Leased(
              new Lease(row.variable(), row.variable(), row.variable(), (int) row.variable()));
      case 11 -> new Revoked((int) row.variable());
      case 12 -> new Compacted(row.variable());
      case 13 ->
          new Rejected(
              ErrorCode.valueOf(row.sizedText()), row.sizedText(), row.sizedText(), row.variable());
      case 14 -> new OperationRefused(row.fixed8() == 1, (int) row.variable(), read(row));
      case 15 -> new RangeDeleted(row.variable(), row.sizedBytes());
      case 16 -> new Expired((int) row.variable(), row.fixed8() == 1);
      case 17 -> new NameReused();
      case 18 -> new Leased(lease(row));
      case 19 -> new Ending(lease(row), (int) row.variable());
      case 20 -> new NoBranch(row.variable(), row.fixed8() == 0 ? null : row.sizedText());
      default -> throw new IllegalStateException("There is no outcome of kind " + kind + ".");
    };
  }

  /** The short form of kind 10 is older, and has what a lease of nobody's is without branches. */
  private static Encoder leased(Encoder row, Lease lease) {
    if (!lease.equals(new Lease(lease.id(), lease.millis(), lease.expiresAt(), lease.keys()))) {
      return lease(row.fixed8(18), lease);
    }
    return row.fixed8(10)
        .variable(lease.id())
        .variable(lease.millis())
        .variable(lease.expiresAt())
        .variable(lease.keys());
  }

  /** A whole lease. */
  static Encoder lease(Encoder row, Lease lease) {
    return row.variable(lease.id()).sized(LeaseRows.value(lease));
  }

  static Lease lease(Decoder row) {
    return LeaseRows.lease(row.variable(), row.sizedBytes().toArray());
  }

  private static Encoder written(Encoder row, Written written) {
    boolean onLease = written.lease() != Entry.NO_LEASE;
    row.fixed8((written.created() ? CREATED : 0) | (onLease ? ON_LEASE : 0))
        .variable(written.createRevision())
        .variable(written.modRevision())
        .variable(written.version())
        .variable(written.modifiedAt())
        .variable(written.expiresAt());
    return onLease ? row.variable(written.lease()) : row;
  }

  private static Written written(Decoder row) {
    int is = row.fixed8();
    return new Written(
        (is & CREATED) != 0,
        row.variable(),
        row.variable(),
        row.variable(),
        row.variable(),
        row.variable(),
        (is & ON_LEASE) != 0 ? row.variable() : Entry.NO_LEASE);
  }

  /** A whole entry. */
  static Encoder entry(Encoder row, Entry entry) {
    return row.sized(entry.key().utf8()).sized(Bytes.takeOver(Rows.currentValue(entry)));
  }

  static Entry entry(Decoder row) {
    Key key = new Key(row.sizedBytes());
    return Rows.currentEntry(key, row.sizedBytes().toArray());
  }

  private static Outcome listed(Decoder row) {
    boolean more = row.fixed8() == 1;
    List<Entry> entries = new ArrayList<>();
    for (long left = row.variable(); left > 0; left--) {
      entries.add(entry(row));
    }
    return new Listed(entries, more);
  }

  private static List<Outcome> results(Decoder row) {
    List<Outcome> results = new ArrayList<>();
    for (long left = row.variable(); left > 0; left--) {
      results.add(read(row));
    }
    return results;
  }
}
