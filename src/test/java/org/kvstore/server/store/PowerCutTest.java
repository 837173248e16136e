package org.kvstore.server.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.kvstore.server.model.Event;
import org.kvstore.server.model.Lease;
import org.kvstore.server.store.PowerCutStory.State;
import org.kvstore.server.store.Stores.Row;
import org.kvstore.server.store.SystemCalls.Call;
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
  private int acknowledgements = -1;
  private int cutSoFar;
  private List<Event> events = List.of();
  private List<State> states = List.of();

  @Test
  void powerCutAnywhere_keepsEveryAcknowledgedWriteWhole() throws Exception {
    Path root = Files.createDirectory(directory.resolve("disk"));
    List<Call> calls = record(root);
    replayStory();
    TracedDisk disk = new TracedDisk(root);
    TreeSet<Integer> cuts = cuts(calls, root);
    int acknowledged = 0;
    for (int i = 0; i < calls.size(); i++) {
      if (cuts.contains(i)) {
        cut(disk, i, acknowledged);
      }
      disk.apply(calls.get(i));
      acknowledged = Math.max(acknowledged, acknowledgement(calls.get(i)));
    }
    Path end = directory.resolve("end");
    disk.writeTo(end, Loss.ALL_KEPT, random);
    assertThat(FileTrees.digests(end))
        .as("the record is complete")
        .isEqualTo(FileTrees.digests(root));
    System.out.printf(
        "PowerCutTest: seed=%d calls=%d cuts=%d images=%s%n",
        seed, calls.size(), cuts.size(), images);
  }

  private List<Call> record(Path root) throws Exception {
    requireStrace();
    Path trace = directory.resolve("trace");
    String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    List<String> workload =
        List.of(
            java,
            "-cp",
            System.getProperty("java.class.path"),
            PowerCutWorkload.class.getName(),
            root.resolve("volume/data").toString(),
            directory.resolve("acknowledged").toString(),
            Long.toString(seed),
            Integer.toString(COMMANDS));
    assertThat(run(SystemCalls.command(trace, workload))).isNull();
    return SystemCalls.read(trace);
  }

  private void requireStrace() throws InterruptedException {
    String failure = run(SystemCalls.command(directory.resolve("trial"), List.of("true")));
    if (System.getenv("CI") != null) {
      assertThat(failure).as("strace, without which no power cut is tested").isNull();
    }
    if (failure != null) {
      System.err.println(
          "PowerCutTest is SKIPPED: strace cannot run here, so no power cut is tested: " + failure);
    }
    assumeThat(failure).as("strace").isNull();
  }

  /** Runs a command; null when it succeeded, otherwise what it said. */
  private @Nullable String run(List<String> command) throws InterruptedException {
    File output = directory.resolve("output").toFile();
    try {
      Process process =
          new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(output).start();
      int code = process.waitFor();
      return code == 0 ? null : "exit code " + code + "\n" + Files.readString(output.toPath());
    } catch (IOException e) {
      return String.valueOf(e);
    }
  }

  private void replayStory() {
    PowerCutStory story = new PowerCutStory(seed, true);
    while (story.states().size() <= COMMANDS) {
      story.nextGroup();
    }
    events = story.model().events();
    states = story.states();
  }

  /** Half of them just after an acknowledgement, the others anywhere. */
  private TreeSet<Integer> cuts(List<Call> calls, Path root) {
    TracedDisk disk = new TracedDisk(root);
    List<Integer> changes = new ArrayList<>();
    List<Integer> acknowledgements = new ArrayList<>();
    for (int i = 0; i < calls.size(); i++) {
      if (disk.apply(calls.get(i))) {
        changes.add(i);
      }
      if (acknowledgement(calls.get(i)) > 0) {
        acknowledgements.add(i + 1);
      }
    }
    TreeSet<Integer> cuts = new TreeSet<>();
    while (cuts.size() < CUTS) {
      List<Integer> places = cuts.size() % 2 == 0 ? acknowledgements : changes;
      cuts.add(places.get(random.nextInt(places.size())));
    }
    return cuts;
  }

  /** How many commands are acknowledged with a call, or 0. */
  private int acknowledgement(Call call) {
    if (call.name().equals("openat") && call.path(1).equals(directory.resolve("acknowledged"))) {
      acknowledgements = call.result();
    }
    return call.name().equals("write") && call.number(0) == acknowledgements
        ? Integer.parseInt(new String(call.bytes(1), StandardCharsets.US_ASCII).strip())
        : 0;
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
