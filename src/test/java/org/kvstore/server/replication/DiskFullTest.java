package org.kvstore.server.replication;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.Bytes;
import org.kvstore.server.model.Condition;
import org.kvstore.server.model.Key;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.model.Limits;
import org.kvstore.server.model.Outcome;
import org.kvstore.server.model.Submission;
import org.kvstore.server.store.DataDirectory;
import org.kvstore.server.store.Replacement;
import org.kvstore.server.store.Store;
import org.kvstore.server.store.Stores;
import org.kvstore.server.store.Writes;

/** On a disk of 128 MiB that fills up. Needs the right to mount one; skipped without. */
@Timeout(120)
class DiskFullTest {
  private static final int MEBIBYTE = 1 << 20;

  @TempDir Path parent;

  private Path disk = Path.of("");

  @BeforeEach
  void mount() throws Exception {
    disk = Files.createDirectory(parent.resolve("disk"));
    String failure = run("mount", "-t", "tmpfs", "-o", "size=128m", "tmpfs", disk.toString());
    if (failure != null) {
      System.err.println("DiskFullTest is skipped: " + failure);
    }
    assumeThat(failure).as("mounting a small disk").isNull();
  }

  @AfterEach
  void unmount() throws Exception {
    run("umount", disk.toString());
  }

  @Test
  void belowTheFloor_writesAreRefusedReadsAndDeletesGoOn_resumesByItself() throws IOException {
    Path directory = disk.resolve("store");
    try (Store store = Stores.create(directory);
        Engine engine =
            new Engine(store, Limits.DEFAULT, new DiskSpace(directory, 16 * MEBIBYTE))) {
      engine.apply(Writes.put("key", "v"));
      Path filler = fillUpTo(8 * MEBIBYTE);

      await().until(() -> codeOf(engine, Writes.put("key", "w")) == ErrorCode.STORAGE_FULL);
      assertThat(engine.valueOf("key")).isEqualTo("v");
      assertThat(engine.apply(Writes.delete("key"))).isInstanceOf(Outcome.Deleted.class);

      Files.delete(filler);
      await().until(() -> codeOf(engine, Writes.put("key", "w")) == null);
      assertThat(engine.valueOf("key")).isEqualTo("w");
    }
  }

  @Test
  void diskFull_readsGoOn_recoversByItselfWithEveryAcknowledgedWrite() throws IOException {
    Path directory = disk.resolve("store");
    List<String> acknowledged = new ArrayList<>();
    try (Store store = Stores.create(directory);
        Engine engine = new Engine(store, Limits.DEFAULT, new DiskSpace(directory, 0))) {
      engine.apply(Writes.put("first", "v"));
      Path filler = fillUpTo(MEBIBYTE);
      int refused = 0;
      for (int i = 0; refused < 10; i++) {
        ErrorCode code = codeOf(engine, big("key " + i));
        if (code == null) {
          acknowledged.add("key " + i);
        } else {
          assertThat(code).isIn(ErrorCode.INDETERMINATE, ErrorCode.STORAGE_FULL);
          refused++;
          assertThat(engine.valueOf("first")).isEqualTo("v");
        }
      }
      assertThat(acknowledged).isNotEmpty();

      Files.delete(filler);
      await()
          .atMost(20, TimeUnit.SECONDS)
          .until(() -> codeOf(engine, Writes.put("resumed", "v")) == null);
      assertAllThere(store, acknowledged);
    }
    try (Store store = Stores.open(directory)) {
      assertAllThere(store, acknowledged);
      assertThat(store.get(Key.of("resumed"))).isNotNull();
    }
  }

  @Test
  void restoreOnAFullDisk_changesNothing() throws IOException {
    try (DataDirectory directory = DataDirectory.open(disk.resolve("data"));
        Store store = Stores.create(directory.shard(0))) {
      directory.initialised();
      store.apply(List.of(Writes.put("key", "old")));
      Replacement copy = directory.newReplacement();
      Files.delete(copy.staged());
      store.copyTo(copy.staged());
      store.apply(List.of(Writes.put("key", "new")));
      Path filler = fill();

      assertThatThrownBy(() -> store.restore(copy, 1, 0))
          .extracting("code")
          .isEqualTo(ErrorCode.STORAGE_FULL);
      assertThat(store.revision()).isEqualTo(2);

      Files.delete(filler);
      assertThat(store.restore(copy, 1, 0)).isGreaterThan(2);
    }
  }

  /** Takes all of the disk but a rest. RocksDB sets room for its log aside before it needs it. */
  private Path fillUpTo(int rest) throws IOException {
    long free = Files.getFileStore(disk).getUsableSpace();
    return Files.write(disk.resolve("filler"), new byte[(int) free - rest]);
  }

  /** Takes all of the disk. */
  private Path fill() throws IOException {
    Path filler = fillUpTo(MEBIBYTE);
    try (OutputStream rest = Files.newOutputStream(filler, StandardOpenOption.APPEND)) {
      while (true) {
        rest.write(new byte[1 << 10]);
      }
    } catch (IOException full) {
      return filler;
    }
  }

  private static void assertAllThere(Store store, List<String> keys) {
    assertThat(keys).allSatisfy(key -> assertThat(store.get(Key.of(key))).isNotNull());
  }

  private static Submission big(String key) {
    return Writes.put(key, Bytes.takeOver(new byte[256 << 10]), Condition.NONE);
  }

  /** The error of a write, or null when it was acknowledged. */
  private static @Nullable ErrorCode codeOf(Engine engine, Submission write) {
    return engine
        .submit(write)
        .handle(
            (outcome, failure) ->
                failure instanceof KeyValueException problem ? problem.code() : null)
        .join();
  }

  /** Runs a command; null when it succeeded, otherwise what it said. */
  private static @Nullable String run(String... command) throws InterruptedException {
    try {
      Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
      String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      return process.waitFor() == 0 ? null : output.strip();
    } catch (IOException e) {
      return String.valueOf(e);
    }
  }
}
