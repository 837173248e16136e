package org.kvstore.it.history;

import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.kvstore.it.history.Action.CompareAndSet;
import org.kvstore.it.history.Action.Get;
import org.kvstore.it.history.Action.Increment;
import org.kvstore.it.history.Action.Put;
import org.kvstore.it.history.Action.Revoke;
import org.kvstore.it.history.Result.Changed;
import org.kvstore.it.history.Result.Found;
import org.kvstore.it.history.Result.Mismatch;
import org.kvstore.it.history.Result.Missing;
import org.kvstore.it.history.Result.Written;

/**
 * One key as the contract has it: the sequential specification that histories are checked against.
 * The revision of a write without an answer is not known until somebody reads it.
 *
 * @param revision of the entry when {@code exact}; else the entry's is above it
 * @param exact whether the revision is known
 * @param value null when there is no entry
 * @param lease what the entry hangs on, or 0
 */
public record Register(long revision, boolean exact, @Nullable String value, long lease) {

  /** No entry; what comes has a higher revision. */
  public static Register absent(long revision) {
    return new Register(revision, true, null, 0);
  }

  /** An entry. */
  public static Register of(long revision, String value, long lease) {
    return new Register(revision, true, value, lease);
  }

  /** What it is after an operation, or empty when that cannot have gone like this here. */
  public Optional<Register> after(Action action, Result result) {
    if (action instanceof Get) {
      return read(result);
    }
    if (action instanceof Put put) {
      return write(put.value(), put.lease(), result);
    }
    if (action instanceof CompareAndSet swap) {
      return result instanceof Mismatch mismatch
          ? isAt(mismatch.current()).filter(found -> mismatch.current() != swap.expected())
          : isAt(swap.expected()).flatMap(found -> found.write(swap.value(), 0, result));
    }
    if (action instanceof Increment increment) {
      return change(increment.by(), result);
    }
    if (action instanceof Revoke revoke) {
      return Optional.of(value != null && lease == revoke.lease() ? absent(revision) : this);
    }
    return result instanceof Missing ? isAt(0) : delete();
  }

  private Optional<Register> read(Result result) {
    return result instanceof Found found
        ? isAt(found.revision()).filter(at -> found.value().equals(at.value))
        : isAt(0);
  }

  private Optional<Register> write(String written, long on, Result result) {
    if (!(result instanceof Written known)) {
      return Optional.of(new Register(revision, false, written, on));
    }
    return known.revision() > revision && known.created() == (value == null)
        ? Optional.of(of(known.revision(), written, on))
        : Optional.empty();
  }

  private Optional<Register> change(long by, Result result) {
    long number;
    try {
      number = (value == null ? 0 : Long.parseLong(value)) + by;
    } catch (NumberFormatException none) {
      return Optional.empty();
    }
    if (!(result instanceof Changed known)) {
      return Optional.of(new Register(revision, false, Long.toString(number), lease));
    }
    return known.revision() > revision && known.value().equals(Long.toString(number))
        ? Optional.of(of(known.revision(), known.value(), lease))
        : Optional.empty();
  }

  private Optional<Register> delete() {
    return value == null ? Optional.empty() : Optional.of(absent(revision));
  }

  /** This, with a revision that has come to light; 0 says that there is no entry. */
  private Optional<Register> isAt(long seen) {
    if (value == null || seen == 0) {
      return value == null && seen == 0 ? Optional.of(this) : Optional.empty();
    }
    return (exact ? seen == revision : seen > revision)
        ? Optional.of(of(seen, value, lease))
        : Optional.empty();
  }
}
