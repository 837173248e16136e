package org.kvstore.server.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.Key;
import org.kvstore.server.model.KeyValueException;

/** A directory is used, or refused with the name of the file and what to do, and left as it is. */
class DataDirectoryTest {
  @TempDir Path parent;

  @Test
  void newDirectory_isForItsOwnerAlone_andOneThatIsThere_isLeftAsItIs() throws IOException {
    Path made = parent.resolve("deep/made");
    Path there = Files.createDirectory(parent.resolve("there"));
    Files.setPosixFilePermissions(there, PosixFilePermissions.fromString("rwxr-x---"));

    for (Path path : List.of(made, there)) {
      DataDirectory.open(path).close();
    }

    assertThat(permissions(made)).isEqualTo("rwx------");
    assertThat(permissions(there)).isEqualTo("rwxr-x---");
  }

  private static String permissions(Path path) throws IOException {
    return PosixFilePermissions.toString(Files.getPosixFilePermissions(path));
  }

  @Test
  void open_missing_isCreated() {
    Path path = parent.resolve("a/b");
    try (DataDirectory directory = DataDirectory.open(path)) {
      assertThat(directory.isNew()).isTrue();
      assertThat(directory.storeId()).isNotEmpty();
      assertThat(path).isDirectory();
    }
  }

  @Test
  void open_again_isTheSameStore() {
    String storeId = initialise(parent);
    try (DataDirectory directory = DataDirectory.open(parent)) {
      assertThat(directory.isNew()).isFalse();
      assertThat(directory.storeId()).isEqualTo(storeId);
    }
  }

  @Test
  void open_symbolicLinkToADirectory_isFollowed() throws IOException {
    Path target = Files.createDirectory(parent.resolve("volume"));
    Path link = Files.createSymbolicLink(parent.resolve("link"), target);
    try (DataDirectory directory = DataDirectory.open(link)) {
      assertThat(directory.isNew()).isTrue();
    }
    assertThat(target.resolve("LOCK")).exists();
  }

  @Test
  void open_rootOfAVolume_isTaken() throws IOException {
    Files.createDirectory(parent.resolve("lost+found"));
    try (DataDirectory directory = DataDirectory.open(parent)) {
      assertThat(directory.isNew()).isTrue();
    }
  }

  @Test
  void open_belowAFile_refused() throws IOException {
    Path file = Files.writeString(parent.resolve("file"), "x");
    assertRefused(
        () -> DataDirectory.open(file.resolve("data")), file.resolve("data"), "KV_DATA_DIR");
  }

  @Test
  void open_unwritable_refused() {
    assertRefused(
        () -> DataDirectory.open(Path.of("/proc/kvstore")), Path.of("/proc/kvstore"), "may write");
  }

  @Test
  void open_usedByThisProcess_refused() {
    try (DataDirectory directory = DataDirectory.open(parent)) {
      assertRefused(() -> DataDirectory.open(parent), directory.path().resolve("LOCK"), "Stop");
    }
    DataDirectory.open(parent).close();
  }

  @Test
  void open_usedByAnotherProcess_refused() throws Exception {
    try (DataDirectory directory = DataDirectory.open(parent)) {
      assertThat(openInAnotherProcess(directory.path())).contains("LOCK").contains("is locked");
    }
    assertThat(openInAnotherProcess(parent)).isEqualTo("opened");
  }

  @Test
  void open_usedByAnotherProcessAfterARefusalInThisOne_refusedThereToo() throws Exception {
    try (DataDirectory directory = DataDirectory.open(parent)) {
      assertRefused(() -> DataDirectory.open(parent), parent.resolve("LOCK"), "Stop");

      assertThat(openInAnotherProcess(directory.path())).contains("is locked");
    }
  }

  @Test
  void open_unknownFormat_refused() throws IOException {
    initialise(parent);
    Path format = parent.resolve("FORMAT");
    for (String other :
        List.of("kvstore-format 2\nstore x\n", "", "kvstore-format 1\n", "\u00ff")) {
      Files.write(format, other.getBytes(StandardCharsets.ISO_8859_1));
      assertRefused(() -> DataDirectory.open(parent), format, "version of the server");
    }
  }

  @Test
  void open_foreignFiles_refused() throws IOException {
    Path file = Files.writeString(parent.resolve("thesis.txt"), "do not touch");
    assertRefused(() -> DataDirectory.open(parent), file, "empty or new directory");
  }

  @Test
  void open_formatIsMissing_refused() throws IOException {
    initialise(parent);
    Files.delete(parent.resolve("FORMAT"));
    assertRefused(() -> DataDirectory.open(parent), parent.resolve("shards"), "restore FORMAT");
  }

  @Test
  void open_initialisationWasInterrupted_startsAnew() throws IOException {
    try (DataDirectory directory = DataDirectory.open(parent)) {
      Stores.create(directory.shard(0)).close();
      // The crash: initialised() is never called.
    }
    assertThat(parent.resolve("FORMAT.new")).exists();

    initialise(parent);

    assertThat(parent.resolve("FORMAT.new")).doesNotExist();
    try (DataDirectory directory = DataDirectory.open(parent);
        Store store = Stores.open(directory.shard(0))) {
      assertThat(directory.isNew()).isFalse();
      assertThat(store.revision()).isEqualTo(1);
    }
  }

  @Test
  void openStore_currentIsMissing_refused() throws IOException {
    Path shard = shardWithATable();
    Files.delete(shard.resolve("CURRENT"));
    assertRefused(() -> Stores.open(shard).close(), shard.resolve("CURRENT"), "backup");
  }

  @Test
  void openStore_manifestIsMissing_refused() throws IOException {
    Path shard = shardWithATable();
    Path manifest = shard.resolve(Files.readString(shard.resolve("CURRENT")).strip());
    Files.delete(manifest);
    assertRefused(() -> Stores.open(shard).close(), manifest, "backup");
  }

  @Test
  void openStore_tableIsMissing_refused() throws IOException {
    Path shard = shardWithATable();
    Path table = FileTrees.ending(shard, ".sst").get(0);
    Files.delete(table);
    assertRefused(() -> Stores.open(shard).close(), table.getFileName(), "backup");
  }

  @Test
  void openStore_everythingIsMissing_refused() {
    Path shard = parent.resolve("shards/0");
    assertRefused(() -> Stores.open(shard).close(), shard, "backup");
    assertThat(shard).doesNotExist();
  }

  private static String initialise(Path path) {
    try (DataDirectory directory = DataDirectory.open(path)) {
      try (Store store = Stores.create(directory.shard(0))) {
        store.apply(List.of(Writes.put("key", "v")));
        assertThat(store.get(Key.of("key"))).isNotNull();
      }
      directory.initialised();
      return directory.storeId();
    }
  }

  private Path shardWithATable() {
    Path shard = parent.resolve("shards/0");
    try (Store store = Stores.create(shard)) {
      store.apply(List.of(Writes.put("key", "v")));
    }
    Stores.open(shard).close();
    return shard;
  }

  private void assertRefused(ThrowingCallable open, Path named, String remedy) {
    var before = FileTrees.digests(parent);
    assertThatThrownBy(open)
        .isInstanceOf(KeyValueException.class)
        .hasMessageContaining(named.toString())
        .hasMessageContaining(remedy)
        .hasMessageContaining("Nothing was overwritten")
        .extracting("code")
        .isEqualTo(ErrorCode.UNAVAILABLE);
    assertThat(FileTrees.digests(parent)).isEqualTo(before);
  }

  private static String openInAnotherProcess(Path path) throws Exception {
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                Opener.class.getName(),
                path.toString())
            .redirectErrorStream(true)
            .start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
    return output.strip();
  }

  /** What the other process runs. */
  static final class Opener {
    private Opener() {}

    public static void main(String[] arguments) {
      try (DataDirectory directory = DataDirectory.open(Path.of(arguments[0]))) {
        System.out.println(directory.path().toFile().exists() ? "opened" : "lost");
      } catch (KeyValueException e) {
        System.out.println(e.getMessage());
      }
    }
  }
}
