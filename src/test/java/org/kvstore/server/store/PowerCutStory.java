package org.kvstore.server.store;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.kvstore.server.model.Bytes;
import org.kvstore.server.model.Command;
import org.kvstore.server.model.Condition;
import org.kvstore.server.model.Lease;
import org.kvstore.server.model.Limits;
import org.kvstore.server.model.ShardNumber;
import org.kvstore.server.model.Submission;
import org.kvstore.server.service.JsonPatcher;

/**
 * Commands that a seed makes: the process whose power is cut applies them, and whoever looks at
 * what is left knows from the model what they lead to, one by one.
 */
final class PowerCutStory {
  static final Limits LIMITS = Limits.DEFAULT;

  /** How often the store is closed and opened again, the first opening included. */
  static final int LIVES = 3;

  private static final int BIG = 60_000;

  private final boolean compacts;
  private final Random random;
  private final ModelStore model = new ModelStore(LIMITS, ShardNumber.ONLY);
  private final RandomCommands commands;
  private final List<State> states = new ArrayList<>();

  /**
   * @param compacts whether history is given up in it
   */
  PowerCutStory(long seed, boolean compacts) {
    this.compacts = compacts;
    random = new Random(seed);
    commands = new RandomCommands(random, model);
    remember();
  }

  /**
   * What there is after a number of commands.
   *
   * @param compacted the oldest revision that can be read
   * @param requests the times of the requests that are remembered, by their names
   */
  record State(
      long revision, long compacted, Map<Long, Lease> leases, Map<String, Long> requests) {}

  /** Small buffers, so that memtables are flushed, tables compacted and logs rotated. */
  private static StoreOptions options(Path directory) {
    return new StoreOptions(directory, 8L << 20, 3L << 20, 1L << 20, 100, 0);
  }

  /** Opens the store of a data directory that the story is told to. */
  static Store open(DataDirectory data) {
    return open(data.shard(0), data.isNew());
  }

  /** The same, by the directory of its database. */
  static Store open(Path shard, boolean create) {
    return Store.open(
        options(shard), LIMITS, create, new Store.Hooks(events -> {}, new JsonPatcher()));
  }

  /** The next commands, which are submitted at once. */
  List<Submission> nextGroup() {
    List<Submission> group = new ArrayList<>();
    for (int size = 1 + random.nextInt(6); size > 0; size--) {
      Submission next = next();
      model.apply(next);
      remember();
      group.add(next);
    }
    return group;
  }

  private Submission next() {
    if (random.nextInt(12) == 0) {
      byte[] value = new byte[random.nextInt(BIG)];
      random.nextBytes(value);
      return Writes.put("big/" + random.nextInt(6), Bytes.takeOver(value), Condition.NONE);
    }
    Submission next = commands.submission();
    return next.command() instanceof Command.Compact && !compacts ? next() : next;
  }

  private void remember() {
    Map<Long, Lease> leases = new TreeMap<>();
    for (long id = 1; id <= model.shard().leases().last(); id++) {
      Lease lease = model.shard().leases().get(id);
      if (lease != null) {
        leases.put(id, lease);
      }
    }
    states.add(
        new State(model.revision(), model.shard().compacted(), leases, model.requestTimes()));
  }

  ModelStore model() {
    return model;
  }

  /** The states after 0, 1, 2, ... commands. */
  List<State> states() {
    return states;
  }
}
