package org.kvstore.server.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kvstore.server.crypto.EncryptionKeys;
import org.kvstore.server.model.Command;
import org.kvstore.server.model.Key;
import org.kvstore.server.model.LogPosition;
import org.kvstore.server.model.Serial;
import org.kvstore.server.model.Submission;
import org.rocksdb.RocksDBException;
import org.rocksdb.WriteBatch;

/** A data directory is checked without a change to it; each kind of damage is found and named. */
class VerifierTest {
  private static final int COMMANDS = 300;

  @TempDir(factory = MemoryTempDir.class)
  Path parent;

  private final Random random = new Random(Long.getLong("seed", 4));
  private Path directory = Path.of("");

  /** What the command answers. */
  private record Verdict(int code, String text) {}

  @BeforeEach
  void fill() {
    directory = parent.resolve("data");
    PowerCutStory story = new PowerCutStory(8, false);
    for (int life = 1; life <= 2; life++) {
      try (DataDirectory data = DataDirectory.open(directory);
          Store store = PowerCutStory.open(data)) {
        data.initialised();
        while (story.states().size() <= COMMANDS * life) {
          store.apply(story.nextGroup());
        }
      }
    }
  }

  @Test
  void soundDirectory_isSoundAndUnchanged() throws IOException {
    var before = times();
    var digests = FileTrees.digests(directory);

    Verdict verdict = verify(directory);

    assertThat(verdict.text()).endsWith("sound\n").doesNotContain("DAMAGED");
    assertThat(verdict.code()).isEqualTo(Verifier.SOUND);
    assertThat(verdict.text()).contains("table files", "log files", "history from 0");
    assertThat(FileTrees.digests(directory)).isEqualTo(digests);
    assertThat(times()).isEqualTo(before);
  }

  @Test
  void copyWithoutItsLock_isCheckedAndStaysWithout() throws IOException {
    Path lock = directory.resolve("LOCK");
    Files.delete(lock);

    assertThat(verify(directory).code()).isEqualTo(Verifier.SOUND);
    assertThat(lock).doesNotExist();
  }

  @Test
  void compactedAndHalfSwept_isSound() {
    Path shard = directory.resolve("shards/0");
    try (Store store = Stores.open(shard)) {
      long half = store.revision() / 2;
      store.apply(List.of(new Submission(new Command.Compact(half), Writes.NOW, null)));
    }
    try (Database database = Database.open(shard, Stores.options(shard), false)) {
      new Sweeper(database, 1_000).step(20);
    }
    assertThat(verify(directory).text()).endsWith("sound\n");
  }

  @Test
  void digest_isOfWhatReplicasShare_notOfHowFarOneHasSwept() {
    Path shard = directory.resolve("shards/0");
    String filled = digest();
    try (Store store = Stores.open(shard)) {
      long half = store.revision() / 2;
      store.apply(List.of(new Submission(new Command.Compact(half), Writes.NOW, null)));
    }
    String compacted = digest();
    try (Database database = Database.open(shard, Stores.options(shard), false)) {
      new Sweeper(database, 1_000).step(20);
    }
    String swept = digest();
    try (Store store = Stores.open(shard)) {
      store.apply(List.of(Writes.put("one", "more")));
    }

    assertThat(filled).matches("[0-9a-f]{64}");
    assertThat(compacted).isNotEqualTo(filled);
    assertThat(swept).isEqualTo(compacted);
    assertThat(digest()).isNotEqualTo(swept);
  }

  @Test
  void digest_staysAsItIs_byEntriesOfALogThatChangeNothing() {
    String before = digest();
    try (Store store = Stores.open(directory.resolve("shards/0"))) {
      Serial serial = new Serial("n1", 1, 1);
      LogEntry.Group nothing = new LogEntry.Group(serial, List.of(Writes.delete("never there")));
      store.applyEntry(new LogPosition(1, 1), new LogEntry(List.of(nothing)));
      store.passEntry(new LogPosition(1, 2));
      assertThat(store.applied()).isEqualTo(new LogPosition(1, 2));
    }
    assertThat(digest()).isEqualTo(before);
  }

  @Test
  void bitTurnedOverInEachKindOfFile_isNamed() {
    for (String kind : List.of("FORMAT", "CURRENT", "MANIFEST-[0-9]+", ".*[.]log", ".*[.]sst")) {
      for (Path file : files(kind)) {
        Path copy = FileTrees.copy(directory, parent.resolve("copy"));
        Path damaged = copy.resolve(directory.relativize(file));
        // In the first half: behind it a table has bytes that nothing depends on.
        FileTrees.flipBit(damaged, random.nextLong(FileTrees.size(file) / 2), random.nextInt(8));

        Verdict verdict = verify(copy);

        assertThat(verdict.code()).as("%s: %s", file, verdict.text()).isEqualTo(Verifier.DAMAGED);
        assertThat(verdict.text())
            .containsPattern("DAMAGED .*" + file.getFileName())
            .contains("What to do: ", "restore a backup");
        FileTrees.delete(copy);
      }
    }
  }

  @Test
  void missingFile_isNamed() throws IOException {
    for (String kind : List.of("CURRENT", "MANIFEST-[0-9]+", ".*[.]sst")) {
      Path file = files(kind).get(0);
      Path copy = FileTrees.copy(directory, parent.resolve("copy"));
      Files.delete(copy.resolve(directory.relativize(file)));

      Verdict verdict = verify(copy);

      assertThat(verdict.code()).as("%s: %s", file, verdict.text()).isEqualTo(Verifier.DAMAGED);
      assertThat(verdict.text()).containsPattern("DAMAGED .*" + file.getFileName());
      FileTrees.delete(copy);
    }
  }

  @Test
  void rowThatIsMissingInAnotherTable_isNamed() {
    for (Table table : Table.values()) {
      if (table == Table.META || table == Table.REQUESTS) {
        continue;
      }
      Path copy = FileTrees.copy(directory, parent.resolve("copy"));
      String row = deleteARow(copy.resolve("shards/0"), table);

      Verdict verdict = verify(copy);

      assertThat(verdict.code()).as("%s %s", table, row).isEqualTo(Verifier.DAMAGED);
      assertThat(verdict.text()).contains("DAMAGED table ");
      FileTrees.delete(copy);
    }
  }

  @Test
  void rowThatCannotBeRead_isNamed() {
    Path shard = directory.resolve("shards/0");
    Stores.poison(shard, Key.of("poisoned"));

    assertThat(verify(directory).text()).contains("DAMAGED table current, row 'poisoned'");
  }

  @Test
  void restoreThatIsDecided_theDatabaseThatTakesOverIsChecked() throws IOException {
    Path staged = directory.resolve("tmp/1");
    Files.createDirectories(directory.resolve("tmp"));
    FileTrees.copy(directory.resolve("shards/0"), staged);
    Files.writeString(directory.resolve("RESTORE"), "tmp/1\n");
    Files.delete(directory.resolve("shards/0/CURRENT"));

    assertThat(verify(directory).text()).contains("a restore is decided").endsWith("sound\n");

    Files.delete(staged.resolve("CURRENT"));

    assertThat(verify(directory).text()).containsPattern("DAMAGED .*tmp/1/CURRENT");
  }

  @Test
  void nodeOfACluster_isSoundWithItsLogs_andWithWhatIsToTakeThePlaceOfAShard() throws IOException {
    Files.createDirectories(directory.resolve("shards/raft/group"));
    Path install = Files.createDirectories(directory.resolve("shards/0.install/tmp"));
    assertThat(verify(directory).text()).endsWith("sound\n");

    FileTrees.copy(directory.resolve("shards/0"), install.resolve("1"));
    FileTrees.delete(directory.resolve("shards/0"));
    Files.writeString(install.resolveSibling("RESTORE"), "tmp/1\n");
    assertThat(verify(directory).text()).contains("an exchange is decided").endsWith("sound\n");

    Files.delete(install.resolve("1/CURRENT"));
    assertThat(verify(directory).text()).containsPattern("DAMAGED .*tmp/1/CURRENT");
  }

  @Test
  void decisionThatCannotBeUnderstood_isNamed() throws IOException {
    Files.writeString(directory.resolve("RESTORE"), "tmp/../../other\n");

    Verdict verdict = verify(directory);

    assertThat(verdict.code()).isEqualTo(Verifier.DAMAGED);
    assertThat(verdict.text()).containsPattern("DAMAGED .*RESTORE");
  }

  @Test
  void directoryInUse_cannotBeTold() {
    try (DataDirectory used = DataDirectory.open(directory)) {
      Verdict verdict = verify(used.path());
      assertThat(verdict.code()).isEqualTo(Verifier.CANNOT_TELL);
      assertThat(verdict.text()).contains("is locked");
    }
  }

  @Test
  void noDataDirectory_cannotBeToldAndIsLeftAsItIs() {
    Verdict verdict = verify(parent.resolve("missing"));

    assertThat(verdict.code()).isEqualTo(Verifier.CANNOT_TELL);
    assertThat(parent.resolve("missing")).doesNotExist();
  }

  @Test
  void wrongWords_areAnsweredWithTheHelp() {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    PrintStream print = new PrintStream(out, true, StandardCharsets.UTF_8);
    assertThat(Verifier.run(List.of(), EncryptionKeys.NONE, print)).isEqualTo(Verifier.CANNOT_TELL);
    assertThat(Verifier.run(List.of("--fast", "x"), EncryptionKeys.NONE, print))
        .isEqualTo(Verifier.CANNOT_TELL);
    assertThat(Verifier.run(List.of("--help"), EncryptionKeys.NONE, print))
        .isEqualTo(Verifier.SOUND);
    assertThat(out.toString(StandardCharsets.UTF_8)).contains("Exit code");
  }

  private String digest() {
    Matcher digest = Pattern.compile("  digest +(.+)").matcher(verify(directory).text());
    assertThat(digest.find()).isTrue();
    return digest.group(1);
  }

  private static Verdict verify(Path directory) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    PrintStream print = new PrintStream(out, true, StandardCharsets.UTF_8);
    int code = Verifier.run(List.of(directory.toString()), EncryptionKeys.NONE, print);
    return new Verdict(code, out.toString(StandardCharsets.UTF_8));
  }

  /** Deletes a row in the middle of a table. */
  private static String deleteARow(Path shard, Table table) {
    try (Database database = Database.open(shard, Stores.options(shard), false);
        WriteBatch batch = new WriteBatch()) {
      var rows = Stores.rows(database, table);
      assertThat(rows).as(table.name()).isNotEmpty();
      var row = rows.get(rows.size() / 2);
      batch.delete(database.handle(table), row.key().toArray());
      database.write(batch);
      return row.key().toString();
    } catch (RocksDBException e) {
      throw new IllegalStateException(e);
    }
  }

  private List<Path> files(String pattern) {
    List<Path> files =
        FileTrees.ending(directory, "").stream()
            .filter(file -> String.valueOf(file.getFileName()).matches(pattern))
            .filter(file -> FileTrees.size(file) > 0)
            .toList();
    assertThat(files).as(pattern).isNotEmpty();
    return files;
  }

  /** All files and directories with the times of their last change, to the nanosecond. */
  private Map<Path, FileTime> times() throws IOException {
    Map<Path, FileTime> times = new TreeMap<>();
    try (Stream<Path> all = Files.walk(directory)) {
      for (Path file : all.toList()) {
        times.put(file, Files.getLastModifiedTime(file));
      }
    }
    return times;
  }
}
