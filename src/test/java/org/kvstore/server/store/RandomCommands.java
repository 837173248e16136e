package org.kvstore.server.store;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.kvstore.server.model.Bytes;
import org.kvstore.server.model.Command;
import org.kvstore.server.model.Comparison;
import org.kvstore.server.model.Condition;
import org.kvstore.server.model.Condition.Tags;
import org.kvstore.server.model.Entry;
import org.kvstore.server.model.Key;
import org.kvstore.server.model.KeyRange;
import org.kvstore.server.model.Lease;
import org.kvstore.server.model.Lifetime;
import org.kvstore.server.model.Operation;
import org.kvstore.server.model.Patch;
import org.kvstore.server.model.Submission;

/** Random submissions that have to do with what is in a model, as time goes on. */
final class RandomCommands {
  private static final String OCTETS = "application/octet-stream";
  private static final List<String> SEGMENTS =
      List.of("a", "b", "ab", "a!", "a0", "z", "ü", "ué", "日", "😀", "x y");

  private final Random random;
  private final ModelStore model;
  private final List<Submission> named = new ArrayList<>();
  private long now = Writes.NOW;

  RandomCommands(Random random, ModelStore model) {
    this.random = random;
    this.model = model;
  }

  Submission submission() {
    now += random.nextInt(4) == 0 ? random.nextInt(6_000) : 0;
    // Now and then a submission overtakes one that was submitted before it, by up to a minute.
    long time = random.nextInt(20) == 0 ? now - random.nextInt(60_000) : now;
    if (!named.isEmpty() && random.nextInt(8) == 0) {
      Submission repeated = named.get(random.nextInt(named.size()));
      return new Submission(repeated.command(), time, repeated.request());
    }
    Command command = command(time);
    if (random.nextInt(5) != 0) {
      return new Submission(command, time, null);
    }
    Bytes fingerprint = Bytes.ofUtf8("fingerprint " + random.nextInt(1_000_000));
    Submission submission =
        new Submission(
            command,
            time,
            new Submission.RequestName("request " + random.nextInt(40), fingerprint));
    named.add(submission);
    return submission;
  }

  private Command command(long time) {
    if (model.shard().number().shards() > 1 && random.nextInt(10) == 0) {
      return branchCommand();
    }
    int kind = random.nextInt(100);
    if (kind < 40) {
      return put(key(), time);
    }
    if (kind < 50) {
      return new Command.Delete(key(), condition());
    }
    if (kind < 58) {
      String by = "{\"by\": " + decimal() + "}";
      Patch patch = new Patch(Patch.Kind.INCREMENT, Bytes.ofUtf8(by));
      return new Command.Modify(key(), patch, condition());
    }
    if (kind < 73) {
      return new Command.Transact(comparisons(), operations(time), operations(time));
    }
    if (kind < 79) {
      int limit = random.nextInt(3) == 0 ? 1_000 : 1 + random.nextInt(5);
      return new Command.DeleteRange(range(), limit, random.nextInt(3));
    }
    return rareCommand(kind);
  }

  private Command rareCommand(int kind) {
    if (kind < 83) {
      return new Command.GrantLease(1_000 + random.nextInt(20_000));
    }
    if (kind < 87) {
      return new Command.RenewLease(lease());
    }
    if (kind < 89) {
      return new Command.RevokeLease(lease());
    }
    if (kind < 92) {
      // Somewhere between what is compacted and the newest revision, or just above it.
      long compacted = model.shard().compacted();
      long above = model.revision() - compacted;
      int span = random.nextInt(8) == 0 ? (int) above + 3 : (int) above / 3 + 1;
      return new Command.Compact(compacted + random.nextInt(span));
    }
    return new Command.Expire(random.nextInt(3) == 0 ? 1 + random.nextInt(3) : 1_000);
  }

  /** Of leases whose home this is or is not. */
  private Command branchCommand() {
    long lease = lease();
    int shards = model.shard().number().shards();
    int shard = random.nextInt(shards + 2) - 1;
    return switch (random.nextInt(6)) {
      case 0, 1 -> new Command.BranchLease(lease, shard, null);
      case 2, 3 -> {
        Lease elsewhere = new Lease(lease, 20_000, now + random.nextInt(20_000) - 1_000, 0);
        yield new Command.AdoptLease(
            random.nextBoolean() ? elsewhere : elsewhere.withBranch(random.nextInt(shards)));
      }
      case 4 -> new Command.EndLease(lease, now + random.nextInt(20_000) - 1_000);
      default -> new Command.ForgetBranch(lease, shard);
    };
  }

  private Command.Put put(Key key, long time) {
    String type = random.nextInt(10) == 0 ? "text/plain;charset=utf-8" : OCTETS;
    return new Command.Put(key, value(), type, lifetime(time), condition());
  }

  private List<Comparison> comparisons() {
    List<Comparison> comparisons = new ArrayList<>();
    while (random.nextInt(5) < 3) {
      Key key = key();
      Entry entry = model.at(model.revision()).get(key.utf8());
      var target = Comparison.Target.values()[random.nextInt(5)];
      var relation = Comparison.Relation.values()[random.nextInt(4)];
      comparisons.add(new Comparison(key, target, relation, operand(target, entry)));
    }
    return comparisons;
  }

  /** What the entry has, about. */
  private Comparison.Operand operand(Comparison.Target target, @Nullable Entry entry) {
    if (entry == null || random.nextInt(4) == 0) {
      return new Comparison.Operand(random.nextInt(4), value());
    }
    long number =
        switch (target) {
          case VERSION -> entry.version();
          case CREATE_REVISION -> entry.createRevision();
          case MOD_REVISION -> entry.modRevision();
          case LEASE -> entry.lease();
          case VALUE -> 0;
        };
    return new Comparison.Operand(number + random.nextInt(2), entry.value());
  }

  /** None of them writes a key that another one writes. */
  private List<Operation> operations(long time) {
    List<Operation> operations = new ArrayList<>();
    Set<Key> written = new HashSet<>();
    while (random.nextInt(4) != 0) {
      Key key = key();
      int kind = random.nextInt(10);
      if (kind < 2) {
        operations.add(new Operation.Get(key));
      } else if (kind < 4) {
        operations.add(new Operation.ListRange(range(), 1 + random.nextInt(8)));
      } else if (written.add(key)) {
        operations.add(kind < 8 ? put(key, time) : new Command.Delete(key, condition()));
      }
    }
    return operations;
  }

  Key key() {
    StringBuilder key = new StringBuilder(segment());
    while (key.length() < 8 && random.nextInt(2) == 0) {
      key.append('/').append(segment());
    }
    return Key.of(key.toString());
  }

  String segment() {
    return SEGMENTS.get(random.nextInt(SEGMENTS.size()));
  }

  private Bytes value() {
    if (random.nextInt(3) == 0) {
      return Bytes.ofUtf8(decimal());
    }
    byte[] value = new byte[random.nextInt(20) == 0 ? random.nextInt(9_000) : random.nextInt(30)];
    random.nextBytes(value);
    return Bytes.takeOver(value);
  }

  private String decimal() {
    String whole = String.valueOf(random.nextInt(21) - 10);
    return random.nextInt(3) == 0 ? whole + ".25" : whole;
  }

  /** One that there is, was or will be, or a newer one that is likely to live. */
  long lease() {
    long last = model.shard().leases().last();
    return random.nextInt(3) == 0
        ? random.nextInt((int) last + 2)
        : Math.max(1, last - random.nextInt(4));
  }

  private Lifetime lifetime(long time) {
    return switch (random.nextInt(8)) {
      case 0, 1 -> new Lifetime.Keep();
      case 2 -> new Lifetime.Until(time + random.nextInt(20_000) - 1_000);
      case 3, 4 -> new Lifetime.OnLease(lease());
      default -> new Lifetime.Forever();
    };
  }

  private Condition condition() {
    return switch (random.nextInt(12)) {
      case 0 -> new Condition(tags(), null);
      case 1 -> new Condition(null, tags());
      case 2 -> new Condition(tags(), tags());
      default -> Condition.NONE;
    };
  }

  private Tags tags() {
    if (random.nextInt(3) == 0) {
      return Tags.ANY;
    }
    var newest = model.at(model.revision()).values().stream().map(Entry::modRevision).toList();
    return newest.isEmpty()
        ? new Tags(false, Set.of(1L))
        : new Tags(false, Set.copyOf(newest.subList(0, 1 + random.nextInt(newest.size()))));
  }

  KeyRange range() {
    return switch (random.nextInt(4)) {
      case 0 -> KeyRange.ofPrefix(position());
      case 1 -> new KeyRange(position(), null);
      case 2 -> new KeyRange(position(), position());
      default -> KeyRange.ALL;
    };
  }

  /** A key, a part of one, or what is just behind one. */
  private Bytes position() {
    Bytes key = key().utf8();
    return switch (random.nextInt(4)) {
      case 0 -> key.successor();
      case 1 -> Bytes.ofUtf8(segment() + "/");
      case 2 -> Bytes.ofUtf8(segment());
      default -> key;
    };
  }
}
