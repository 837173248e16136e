package org.kvstore.server.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.kvstore.server.model.Event;
import org.kvstore.server.model.Lease;
import org.kvstore.server.store.PowerCutStory.State;
import org.kvstore.server.store.Stores.Row;
import org.kvstore.server.store.TracedDisk.Loss;

/**
 * The power is cut at any moment of a process that runs the engine: with what POSIX lets a disk
 * keep of it, the store opens, and holds every acknowledged write and no half of any.
 *
 * <p>The process is recorded by strace; its disk is made again as of many moments. {@code
 * -Dlong=true} cuts more often and loses more; {@code -Dseed=N} does the same again.
 */
@Timeout(1_800)
class PowerCutTest {
  private static final int CUTS = Boolean.getBoolean("long") ? 600 : 200;

  /** Images of each cut; each kind of loss comes up by turns. */
  private static final int LOSSES = Boolean.getBoolean("long") ? Loss.values().length : 1;

  private static final int COMMANDS = Boolean.getBoolean("long") ? 3_000 : 900;

  @TempDir(factory = MemoryTempDir.class)
  Path directory;

  private final long seed =
      Long.getLong("seed", Boolean.getBoolean("long") ? new Random().nextLong() : 11);
  private final Random random = new Random(seed);
  private final Map<Loss, Integer> images = new EnumMap<>(Loss.class);
  private int cutSoFar;
  private List<Event> events = List.of();
  private List<State> states = List.of();

  @Test
  void powerCutAnywhere_keepsEveryAcknowledgedWriteWhole() throws Exception {
    RecordedProcess process =
        RecordedProcess.of(
            directory,
            PowerCutWorkload.class,
            List.of(Long.toString(seed), Integer.toString(COMMANDS)));
    replayStory();
    process.replay(process.cuts(CUTS, 0, random), this::cut);
    System.out.printf(
        "PowerCutTest: seed=%d calls=%d cuts=%d images=%s%n", seed, process.length(), CUTS, images);
  }

  private void replayStory() {
    PowerCutStory story = new PowerCutStory(seed, true);
    while (story.states().size() <= COMMANDS) {
      story.nextGroup();
    }
    events = story.model().events();
    states = story.states();
  }

  private void cut(TracedDisk disk, int place, int acknowledged) {
    for (int i = 0; i < LOSSES; i++) {
      Loss loss = Loss.values()[++cutSoFar % Loss.values().length];
      Path image = directory.resolve("image");
      disk.writeTo(image, loss, random);
      try {
        check(image.resolve("volume/data"), acknowledged);
      } catch (RuntimeException | AssertionError e) {
        throw new AssertionError(
            "seed=%d cut=%d loss=%s acknowledged=%d".formatted(seed, place, loss, acknowledged), e);
      }
      images.merge(loss, 1, Integer::sum);
      FileTrees.delete(image);
    }
  }

  private void check(Path image, int acknowledged) {
    try (DataDirectory data = DataDirectory.open(image)) {
      Path shard = data.shard(0);
      List<Event> found = new ArrayList<>();
      State state = stateOf(shard, data, found);
      assertThat(states.subList(acknowledged, states.size()).contains(state))
          .as("%s is found, %s acknowledged", state, states.get(acknowledged))
          .isTrue();
      StoreInspector.requireConsistent(shard, found, state.compacted());
    }
  }

  /** What is found, with the events that led there; one more write follows them. */
  private State stateOf(Path shard, DataDirectory data, List<Event> found) {
    long revision;
    long compacted;
    try (Store store = PowerCutStory.open(shard, data.isNew())) {
      data.initialised();
      revision = store.revision();
      compacted = store.compactedRevision();
      events.stream().filter(event -> event.revision() <= revision).forEach(found::add);
      store.apply(List.of(Writes.put("after the cut", "x")));
      found.addAll(store.changes(revision, 10, 1 << 20).events());
      while (store.sweep()) {
        // Else what is left of the history depends on when the sweeper came to it.
      }
    }
    try (Database database = Database.open(shard, Stores.options(shard), false)) {
      return new State(
          revision,
          compacted,
          leases(Stores.rows(database, Table.LEASES)),
          requests(Stores.rows(database, Table.REQUESTS)));
    }
  }

  private static Map<Long, Lease> leases(List<Row> rows) {
    Map<Long, Lease> leases = new TreeMap<>();
    for (Row row : rows) {
      byte[] key = row.key().toArray();
      if (key[0] == 'l') {
        long id = new Decoder(key, 1).fixed64();
        leases.put(id, LeaseRows.lease(id, row.value().toArray()));
      }
    }
    return leases;
  }

  private static Map<String, Long> requests(List<Row> rows) {
    Map<String, Long> times = new TreeMap<>();
    for (Row row : rows) {
      byte[] key = row.key().toArray();
      if (key[0] == 'n') {
        String name = new String(key, 1, key.length - 1, StandardCharsets.UTF_8);
        times.put(name, RequestRows.remembered(name, row.value().toArray(), null).time());
      }
    }
    return times;
  }
}
