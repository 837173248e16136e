package org.kvstore.server.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kvstore.server.model.Bytes;
import org.kvstore.server.model.Condition;
import org.kvstore.server.model.Event;
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
  private static final int BYTES_CUT_ONE_BY_ONE = 400;

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
    Path log = FileTrees.ending(image, ".log").get(0);
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
    Path log = FileTrees.ending(image, ".log").get(0);
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
  void bitFlippedInTheLog_refusedAndNothingOverwritten() {
    Path image = crashImage();
    Path log = FileTrees.ending(image, ".log").get(0);
    long size = FileTrees.size(log);
    for (int i = 0; i < 60; i++) {
      Path damaged = FileTrees.copy(image, directory.resolve("flipped"));
      Path damagedLog = damaged.resolve(log.getFileName());
      long offset = random.nextLong(size);
      int bit = random.nextInt(8);
      FileTrees.flipBit(damagedLog, offset, bit);
      var before = FileTrees.digests(damaged);
      String r;
      try {
        int n = StoreInspector.consistentEvents(damaged).size();
        r = "opened with " + n + " of " + events.size();
      } catch (KeyValueException e) {
        r = e.getMessage() + (FileTrees.digests(damaged).equals(before) ? " SAME" : " CHANGED");
      } catch (Throwable e) {
        r = e.toString().replace('\n', ' ');
      }
      System.err.println("FLIP " + offset + "/" + size + " bit " + bit + ": " + r);
      FileTrees.delete(damaged);
    }
  }

  private Path crashImage() {
    Path live = directory.resolve("live");
    try (Store store = Stores.open(live, Limits.DEFAULT, true, events::addAll)) {
      Path log = FileTrees.ending(live, ".log").get(0);
      for (int i = 0; i < GROUPS; i++) {
        store.apply(nextGroup());
        acknowledged.add(new Acknowledged(FileTrees.size(log), events.size()));
      }
      assertThat(FileTrees.ending(live, ".log")).containsExactly(log);
      return FileTrees.copy(live, directory.resolve("image"));
    }
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
    for (int i = 0; i < 200; i++) {
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
