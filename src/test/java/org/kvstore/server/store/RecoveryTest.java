package org.kvstore.server.store;

import static java.nio.file.StandardCopyOption.REPLACE_EXISTING;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.Bytes;
import org.kvstore.server.model.Condition;
import org.kvstore.server.model.Entry;
import org.kvstore.server.model.Event;
import org.kvstore.server.model.Key;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.model.Limits;
import org.kvstore.server.model.Submission;

/**
 * A store is opened from files as a crash or a bad disk leaves them. What was acknowledged before
 * the damage is all there, to the revision, or the store says which file is damaged and leaves
 * everything as it is.
 */
class RecoveryTest {
  private static final int GROUPS = 150;
  private static final int BYTES_CUT_ONE_BY_ONE = Boolean.getBoolean("long") ? 2_000 : 150;

  @TempDir(factory = MemoryTempDir.class)
  Path directory;

  private final List<Event> events = new ArrayList<>();
  private final List<Acknowledged> acknowledged = new ArrayList<>();
  private final Random random = new Random(Long.getLong("seed", 7));

  /** How long the log was, and how many events there were, when a group was acknowledged. */
  private record Acknowledged(long logSize, int events) {}

  @Test
  void logCutAnywhere_holdsExactlyTheGroupsBeforeTheCut() {
    Path image = crashImage();
    Path log = newestLog(image);
    for (long cut : cuts(FileTrees.size(log))) {
      Path damaged = FileTrees.copy(image, directory.resolve("cut"));
      FileTrees.truncate(damaged.resolve(log.getFileName()), cut);

      assertThat(StoreInspector.consistentEvents(damaged))
          .as("log cut at %d", cut)
          .isEqualTo(events.subList(0, eventsBefore(cut)));
      FileTrees.delete(damaged);
    }
  }

  @Test
  void logCutWithinTheLastGroup_storeGoesOnFromTheGroupBefore() {
    Path image = crashImage();
    Path log = newestLog(image);
    FileTrees.truncate(log, FileTrees.size(log) - 1);
    List<Event> kept = events.subList(0, acknowledged.get(GROUPS - 2).events());
    long revision = kept.get(kept.size() - 1).revision();

    try (Store store = Stores.open(image)) {
      assertThat(store.revision()).isEqualTo(revision);
      store.apply(List.of(Writes.put("after the crash", "x")));
      assertThat(store.revision()).isEqualTo(revision + 1);
    }
    assertThat(StoreInspector.consistentEvents(image)).hasSize(kept.size() + 1);
  }

  @Test
  void sectorsOfTheLastWriteNeverWritten_holdsTheGroupsBefore() {
    Path image = crashImage(90_000);
    Path log = newestLog(image);
    long from = acknowledged.get(GROUPS - 1).logSize();
    List<Event> kept = List.copyOf(events.subList(0, acknowledged.get(GROUPS - 1).events()));
    for (int sectors = 1; sectors <= 60; sectors++) {
      Path damaged = FileTrees.copy(image, directory.resolve("lost"));
      for (int i = 0; i < sectors; i++) {
        long sector = 512 * random.nextLong(from / 512, FileTrees.size(log) / 512);
        FileTrees.zero(damaged.resolve(log.getFileName()), Math.max(from, sector), sector + 512);
      }

      assertThat(StoreInspector.consistentEvents(damaged))
          .as("%d sectors from %d on", sectors, from)
          .isEqualTo(kept);
      FileTrees.delete(damaged);
    }
  }

  @Test
  void sectorOfAnAcknowledgedWriteIsZero_refusedNamingTheFile() {
    Path image = crashImage();
    Path log = newestLog(image);
    long last = acknowledged.get(GROUPS - 2).logSize() / 512;
    for (int i = 0; i < 20; i++) {
      Path damaged = FileTrees.copy(image, directory.resolve("lost"));
      long sector = 512 * random.nextLong(last);
      FileTrees.zero(damaged.resolve(log.getFileName()), sector, sector + 512);
      assertRefusedNaming(damaged, String.valueOf(log.getFileName()));
      FileTrees.delete(damaged);
    }
  }

  @Test
  void logThatEndsEarlyComesBackBesideTheNext_storeGoesOn() throws IOException {
    Path image = crashImage(90_000);
    Path log = newestLog(image);
    long from = acknowledged.get(GROUPS - 1).logSize();
    FileTrees.zero(log, from, from + 512);
    Path before = FileTrees.copy(image, directory.resolve("before"));
    long revision;
    try (Store store = Stores.open(image)) {
      store.apply(List.of(Writes.put("after the crash", "x")));
      revision = store.revision();
    }
    Path again = FileTrees.copy(image, directory.resolve("again"));
    // As the file system may have forgotten that it was deleted.
    Files.copy(
        before.resolve(log.getFileName()), again.resolve(log.getFileName()), REPLACE_EXISTING);

    try (Store store = Stores.open(again)) {
      assertThat(store.revision()).isEqualTo(revision);
    }
  }

  @Test
  void lastWriteOfAnOlderLogIsZero_refusedNamingIt() {
    Path image = imageWithSeveralLogs();
    Path older = FileTrees.ending(image, ".log").get(0);
    FileTrees.zero(older, FileTrees.size(older) - 60_000, FileTrees.size(older));

    assertRefusedNaming(image, String.valueOf(older.getFileName()));
  }

  @Test
  void bitFlippedInTheLog_refusedNamingTheFileAndNothingOverwritten() {
    Path image = crashImage();
    String log = String.valueOf(newestLog(image).getFileName());
    // Any byte, and the bytes of length and type in heads of records: the last group's but one too.
    List<Long> places = new ArrayList<>();
    random.longs(40, 0, acknowledged.get(GROUPS - 2).logSize()).forEach(places::add);
    for (int group = GROUPS - 31; group < GROUPS - 1; group++) {
      long head = acknowledged.get(group).logSize();
      places.addAll(List.of(head + 4, head + 5, head + 6));
    }
    for (long place : places) {
      Path damaged = FileTrees.copy(image, directory.resolve("flipped"));
      int bit = random.nextInt(8);
      FileTrees.flipBit(damaged.resolve(log), place, bit);
      var before = FileTrees.digests(damaged);

      assertThatThrownBy(() -> Stores.open(damaged).close())
          .as("bit %d flipped at %d", bit, place)
          .isInstanceOf(KeyValueException.class)
          .hasMessageContaining(log)
          .hasMessageContaining("backup")
          .extracting("code")
          .isEqualTo(ErrorCode.UNAVAILABLE);
      assertThat(FileTrees.digests(damaged)).isEqualTo(before);
      FileTrees.delete(damaged);
    }
  }

  @Test
  void olderLogMissingOrShortened_refusedNamingIt() {
    Path image = imageWithSeveralLogs();
    Path older = FileTrees.ending(image, ".log").get(0);
    String name = String.valueOf(older.getFileName());
    int number = Integer.parseInt(name.substring(0, name.indexOf('.')));
    FileTrees.truncate(older, FileTrees.size(older) / 2);
    assertRefusedNaming(image, name);

    FileTrees.delete(older);
    assertRefusedNaming(image, "log number: " + number);
  }

  private static void assertRefusedNaming(Path image, String file) {
    assertThatThrownBy(() -> Stores.open(image).close())
        .isInstanceOf(KeyValueException.class)
        .hasMessageContaining(file)
        .extracting("code")
        .isEqualTo(ErrorCode.UNAVAILABLE);
  }

  /** Enough writes for a memtable to be flushed: a log is closed that other tables still need. */
  private Path imageWithSeveralLogs() {
    Path live = directory.resolve("several");
    byte[] value = new byte[100_000];
    random.nextBytes(value);
    try (Store store = Stores.create(live)) {
      store.apply(List.of(Writes.putUntil("mortal", "x", Writes.NOW + 1_000)));
      for (int i = 0; FileTrees.ending(live, ".log").size() < 2; i++) {
        assertThat(i).as("writes until a log was closed").isLessThan(1_000);
        store.apply(List.of(Writes.put("key " + i, Bytes.copyOf(value), Condition.NONE)));
      }
      store.apply(List.of(Writes.put("last", "x")));
    }
    assertThat(FileTrees.ending(live, ".log")).hasSizeGreaterThan(1);
    return live;
  }

  @Test
  void blockFlippedInATable_neverReadsWrong() {
    Path image = crashImage();
    Stores.open(image).close(); // Moves the log into tables.
    Map<Key, Entry> right = new HashMap<>();
    try (Store store = Stores.open(image)) {
      for (int i = 0; i < 50; i++) {
        Key key = Key.of("key " + i);
        right.put(key, store.get(key));
      }
    }
    int failures = 0;
    for (Path table : FileTrees.ending(image, ".sst")) {
      for (int i = 0; i < 6; i++) {
        Path damaged = FileTrees.copy(image, directory.resolve("flipped"));
        FileTrees.flipBit(
            damaged.resolve(table.getFileName()), random.nextLong(FileTrees.size(table)), 3);
        failures += failedReads(damaged, right);
        FileTrees.delete(damaged);
      }
    }
    assertThat(failures).as("damage that was found").isPositive();
  }

  /** How many reads, the opening included, say that they fail; all others must be right. */
  private static int failedReads(Path damaged, Map<Key, Entry> right) {
    int failures = 0;
    try (Store store = Stores.open(damaged)) {
      for (var expected : right.entrySet()) {
        try {
          assertThat(store.get(expected.getKey())).isEqualTo(expected.getValue());
          assertThat(store.getAt(expected.getKey(), store.revision()))
              .isEqualTo(expected.getValue());
        } catch (KeyValueException e) {
          assertThat(e.code()).isEqualTo(ErrorCode.INTERNAL);
          failures++;
        }
      }
    } catch (KeyValueException e) {
      assertThat(e.code()).isEqualTo(ErrorCode.UNAVAILABLE);
      failures++;
    }
    return failures;
  }

  private Path crashImage() {
    return crashImage(0);
  }

  /** As a crash leaves it after the groups, and after one more write of some bytes. */
  private Path crashImage(int bytesOfOneMore) {
    Path live = directory.resolve("live");
    try (Store store = Stores.open(live, Limits.DEFAULT, true, events::addAll)) {
      store.apply(nextGroup());
      Path log = newestLog(live);
      acknowledged.add(new Acknowledged(FileTrees.size(log), events.size()));
      for (int i = 1; i < GROUPS; i++) {
        store.apply(nextGroup());
        acknowledged.add(new Acknowledged(FileTrees.size(log), events.size()));
      }
      if (bytesOfOneMore > 0) {
        byte[] value = new byte[bytesOfOneMore];
        random.nextBytes(value);
        store.apply(List.of(Writes.put("one more", Bytes.takeOver(value), Condition.NONE)));
      }
      assertThat(newestLog(live)).isEqualTo(log);
      return FileTrees.copy(live, directory.resolve("image"));
    }
  }

  private static Path newestLog(Path directory) {
    List<Path> logs = FileTrees.ending(directory, ".log");
    return logs.get(logs.size() - 1);
  }

  private List<Submission> nextGroup() {
    List<Submission> group = new ArrayList<>();
    for (int size = random.nextInt(3); size >= 0; size--) {
      String key = "key " + random.nextInt(50);
      byte[] value = new byte[random.nextInt(300)];
      random.nextBytes(value);
      group.add(
          switch (random.nextInt(10)) {
            case 0 -> Writes.deletePrefix("key 1");
            case 1 -> Writes.putUntil(key, "mortal", Writes.NOW + 1_000);
            default -> Writes.put(key, Bytes.takeOver(value), Condition.NONE);
          });
    }
    // So that each group changes something and its place in the log is known.
    group.add(Writes.put("last", "x"));
    return group;
  }

  /** Each of the last bytes, and some of all others. */
  private TreeSet<Long> cuts(long size) {
    TreeSet<Long> cuts = new TreeSet<>();
    for (int back = 0; back <= BYTES_CUT_ONE_BY_ONE; back++) {
      cuts.add(size - back);
    }
    for (int i = 0; i < 100; i++) {
      cuts.add(random.nextLong(size));
    }
    for (int i = 0; i < GROUPS; i += 10) {
      cuts.add(acknowledged.get(i).logSize());
    }
    return cuts;
  }

  private int eventsBefore(long cut) {
    int count = 0;
    for (Acknowledged group : acknowledged) {
      count = group.logSize() <= cut ? group.events() : count;
    }
    return count;
  }
}
