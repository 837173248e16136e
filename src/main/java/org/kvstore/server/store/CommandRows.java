package org.kvstore.server.store;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.BiConsumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.kvstore.server.model.Bytes;
import org.kvstore.server.model.Command;
import org.kvstore.server.model.Command.AdoptLease;
import org.kvstore.server.model.Command.BranchLease;
import org.kvstore.server.model.Command.Compact;
import org.kvstore.server.model.Command.Delete;
import org.kvstore.server.model.Command.DeleteRange;
import org.kvstore.server.model.Command.EndLease;
import org.kvstore.server.model.Command.Expire;
import org.kvstore.server.model.Command.ForgetBranch;
import org.kvstore.server.model.Command.GrantLease;
import org.kvstore.server.model.Command.Modify;
import org.kvstore.server.model.Command.Put;
import org.kvstore.server.model.Command.RenewLease;
import org.kvstore.server.model.Command.RevokeLease;
import org.kvstore.server.model.Command.Transact;
import org.kvstore.server.model.Comparison;
import org.kvstore.server.model.Condition;
import org.kvstore.server.model.Condition.Tags;
import org.kvstore.server.model.Key;
import org.kvstore.server.model.KeyRange;
import org.kvstore.server.model.Lifetime;
import org.kvstore.server.model.Operation;
import org.kvstore.server.model.Patch;

/**
 * The form of a command in a replicated log: its kind, a byte, and its parts. What may be missing
 * has a byte before it that tells.
 */
final class CommandRows {
  private static final Patch.Kind[] PATCHES = Patch.Kind.values();
  private static final Comparison.Target[] TARGETS = Comparison.Target.values();
  private static final Comparison.Relation[] RELATIONS = Comparison.Relation.values();

  private CommandRows() {}

  static Encoder write(Encoder row, Command command) {
    if (command instanceof Put put) {
      return put(row.fixed8(1), put);
    }
    if (command instanceof Delete delete) {
      return delete(row.fixed8(2), delete);
    }
    if (command instanceof Modify modify) {
      key(row.fixed8(3), modify.key())
          .fixed8(modify.patch().kind().ordinal())
          .sized(modify.patch().document());
      return condition(row, modify.condition());
    }
    if (command instanceof DeleteRange range) {
      return range(row.fixed8(4), range.range())
          .variable(range.limit())
          .variable(range.deletedBefore());
    }
    if (command instanceof Transact transact) {
      list(row.fixed8(5), transact.comparisons(), CommandRows::comparison);
      list(row, transact.then(), CommandRows::operation);
      return list(row, transact.otherwise(), CommandRows::operation);
    }
    if (command instanceof GrantLease grant) {
      return row.fixed8(6).variable(grant.millis()).sized(grant.owner());
    }
    if (command instanceof RenewLease renew) {
      return text(row.fixed8(7).variable(renew.lease()), renew.owner());
    }
    if (command instanceof RevokeLease revoke) {
      return text(row.fixed8(8).variable(revoke.lease()), revoke.owner());
    }
    if (command instanceof Expire expire) {
      return row.fixed8(9).variable(expire.limit());
    }
    if (command instanceof Compact compact) {
      return row.fixed8(10).variable(compact.revision());
    }
    return writeOfBranches(row, command);
  }

  private static Encoder writeOfBranches(Encoder row, Command command) {
    if (command instanceof BranchLease branch) {
      return text(row.fixed8(11).variable(branch.lease()).variable(branch.shard()), branch.owner());
    }
    if (command instanceof AdoptLease adopt) {
      return OutcomeRows.lease(row.fixed8(12), adopt.lease());
    }
    if (command instanceof EndLease end) {
      return row.fixed8(13).variable(end.lease()).variable(end.until());
    }
    ForgetBranch forget = (ForgetBranch) command;
    return row.fixed8(14).variable(forget.lease()).variable(forget.shard());
  }

  static Command read(Decoder row) {
    int kind = row.fixed8();
    return switch (kind) {
      case 1 -> put(row);
      case 2 -> delete(row);
      case 3 ->
          new Modify(key(row), new Patch(PATCHES[row.fixed8()], row.sizedBytes()), condition(row));
      case 4 -> new DeleteRange(range(row), (int) row.variable(), row.variable());
      case 5 ->
          new Transact(
              list(row, CommandRows::comparison),
              list(row, CommandRows::operation),
              list(row, CommandRows::operation));
      case 6 -> new GrantLease(row.variable(), row.sizedText());
      case 7 -> new RenewLease(row.variable(), text(row));
      case 8 -> new RevokeLease(row.variable(), text(row));
      case 9 -> new Expire((int) row.variable());
      case 10 -> new Compact(row.variable());
      case 11 -> new BranchLease(row.variable(), (int) row.variable(), text(row));
      case 12 -> new AdoptLease(OutcomeRows.lease(row));
      case 13 -> new EndLease(row.variable(), row.variable());
      case 14 -> new ForgetBranch(row.variable(), (int) row.variable());
      default -> throw new IllegalStateException("There is no command of kind " + kind + ".");
    };
  }

  private static Encoder put(Encoder row, Put put) {
    key(row, put.key()).sized(put.value()).sized(put.contentType());
    return condition(lifetime(row, put.lifetime()), put.condition());
  }

  private static Put put(Decoder row) {
    return new Put(key(row), row.sizedBytes(), row.sizedText(), lifetime(row), condition(row));
  }

  private static Encoder delete(Encoder row, Delete delete) {
    return condition(key(row, delete.key()), delete.condition());
  }

  private static Delete delete(Decoder row) {
    return new Delete(key(row), condition(row));
  }

  private static void operation(Encoder row, Operation operation) {
    if (operation instanceof Put put) {
      put(row.fixed8(1), put);
    } else if (operation instanceof Delete delete) {
      delete(row.fixed8(2), delete);
    } else if (operation instanceof Operation.Get get) {
      key(row.fixed8(3), get.key());
    } else {
      Operation.ListRange list = (Operation.ListRange) operation;
      range(row.fixed8(4), list.range()).variable(list.limit());
    }
  }

  private static Operation operation(Decoder row) {
    int kind = row.fixed8();
    return switch (kind) {
      case 1 -> put(row);
      case 2 -> delete(row);
      case 3 -> new Operation.Get(key(row));
      case 4 -> new Operation.ListRange(range(row), (int) row.variable());
      default -> throw new IllegalStateException("There is no operation of kind " + kind + ".");
    };
  }

  private static void comparison(Encoder row, Comparison comparison) {
    key(row, comparison.key())
        .fixed8(comparison.target().ordinal())
        .fixed8(comparison.relation().ordinal())
        .variable(comparison.operand().number())
        .sized(comparison.operand().value());
  }

  private static Comparison comparison(Decoder row) {
    return new Comparison(
        key(row),
        TARGETS[row.fixed8()],
        RELATIONS[row.fixed8()],
        new Comparison.Operand(row.variable(), row.sizedBytes()));
  }

  private static Encoder lifetime(Encoder row, Lifetime lifetime) {
    if (lifetime instanceof Lifetime.Forever) {
      return row.fixed8(1);
    }
    if (lifetime instanceof Lifetime.Keep) {
      return row.fixed8(2);
    }
    if (lifetime instanceof Lifetime.Until until) {
      return row.fixed8(3).variable(until.expiresAt());
    }
    Lifetime.OnLease on = (Lifetime.OnLease) lifetime;
    return text(row.fixed8(4).variable(on.lease()), on.owner());
  }

  private static Lifetime lifetime(Decoder row) {
    int kind = row.fixed8();
    return switch (kind) {
      case 1 -> new Lifetime.Forever();
      case 2 -> new Lifetime.Keep();
      case 3 -> new Lifetime.Until(row.variable());
      case 4 -> new Lifetime.OnLease(row.variable(), text(row));
      default -> throw new IllegalStateException("There is no lifetime of kind " + kind + ".");
    };
  }

  private static Encoder condition(Encoder row, Condition condition) {
    return tags(tags(row, condition.ifMatch()), condition.ifNoneMatch());
  }

  private static Condition condition(Decoder row) {
    return new Condition(tags(row), tags(row));
  }

  /** In order, so that the same command has the same form always. */
  private static Encoder tags(Encoder row, @Nullable Tags tags) {
    if (tags == null) {
      return row.fixed8(0);
    }
    return list(
        row.fixed8(tags.any() ? 2 : 1),
        List.copyOf(new TreeSet<>(tags.revisions())),
        Encoder::variable);
  }

  private static @Nullable Tags tags(Decoder row) {
    int kind = row.fixed8();
    return kind == 0 ? null : new Tags(kind == 2, Set.copyOf(list(row, Decoder::variable)));
  }

  private static Encoder key(Encoder row, Key key) {
    return row.sized(key.utf8());
  }

  private static Key key(Decoder row) {
    return new Key(row.sizedBytes());
  }

  private static Encoder range(Encoder row, KeyRange range) {
    row.sized(range.start());
    Bytes end = range.end();
    return end == null ? row.fixed8(0) : row.fixed8(1).sized(end);
  }

  private static KeyRange range(Decoder row) {
    return new KeyRange(row.sizedBytes(), row.fixed8() == 0 ? null : row.sizedBytes());
  }

  private static Encoder text(Encoder row, @Nullable String text) {
    return text == null ? row.fixed8(0) : row.fixed8(1).sized(text);
  }

  private static @Nullable String text(Decoder row) {
    return row.fixed8() == 0 ? null : row.sizedText();
  }

  private static <T> Encoder list(Encoder row, List<T> parts, BiConsumer<Encoder, T> write) {
    row.variable(parts.size());
    parts.forEach(part -> write.accept(row, part));
    return row;
  }

  private static <T> List<T> list(Decoder row, Function<Decoder, T> read) {
    List<T> parts = new ArrayList<>();
    for (long left = row.variable(); left > 0; left--) {
      parts.add(read.apply(row));
    }
    return parts;
  }
}
