package org.kvstore.server.service;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kvstore.api.CheckpointDocument;
import org.kvstore.api.ErrorCode;
import org.kvstore.api.RestoredDocument;
import org.kvstore.server.model.Access;
import org.kvstore.server.model.Entry;
import org.kvstore.server.model.Key;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.service.BackupService.Arrival;
import org.kvstore.server.store.FileTrees;
import org.kvstore.server.store.MemoryTempDir;
import org.kvstore.server.store.Read;
import org.kvstore.server.store.Writes;

/** Backups and restores of a whole engine. */
class BackupServiceTest {
  private static final long SEED = 7;

  @TempDir Path parent;
  private final ExecutorService answers = Executors.newCachedThreadPool();
  private final ScheduledExecutorService timer = Executors.newScheduledThreadPool(2);
  private Engine engine;
  private BackupService backups;

  @BeforeEach
  void open() {
    open("data", Map.of());
  }

  private void open(String name, Map<String, String> properties) {
    ServerConfig config =
        ServerConfig.read(
            property ->
                property.equals("kv.data.dir")
                    ? Optional.of(parent.resolve(name).toString())
                    : Optional.ofNullable(properties.get(property)));
    engine =
        Engine.open(config, new Engine.Threads(Thread::new, answers, timer), Clock.systemUTC());
    backups = new BackupService(EngineHandle.opened(engine));
  }

  @AfterEach
  void close() {
    engine.close();
    answers.shutdown();
    timer.shutdown();
  }

  @Test
  void restore_ofABackup_intoAnEmptyStore() throws IOException {
    String origin = engine.storeId();
    put("a", "1");
    byte[] archive = backup();
    engine.close();
    open("other", Map.of());

    RestoredDocument restored = restore(archive);

    assertThat(value("a")).isEqualTo("1");
    assertThat(restored.storeId()).isEqualTo(origin).isNotEqualTo(engine.storeId());
    assertThat(restored.backupRevision()).isEqualTo(1);
    assertThat(restored.revision()).isEqualTo(engine.shards().system().store().revision());
  }

  @Test
  void restore_twice_risesEachTime() throws IOException {
    put("a", "1");
    byte[] archive = backup();
    long first = restore(archive).revision();
    put("a", "2");
    assertThat(restore(archive).revision()).isGreaterThan(first + 1);
    assertThat(value("a")).isEqualTo("1");
    put("b", "3");
    assertThat(value("b")).isEqualTo("3");
  }

  @Test
  void restore_ofATruncatedArchive_changesNothing() throws IOException {
    put("a", "1");
    byte[] archive = backup();
    put("a", "2");
    Random random = new Random(SEED);
    for (int i = 0; i < 60; i++) {
      int length = i < 10 ? i * 100 : random.nextInt(archive.length);
      assertRefused(Arrays.copyOf(archive, length));
    }
    assertUnchanged();
  }

  @Test
  void restore_ofAnAlteredArchive_changesNothing() throws IOException {
    put("a", "1");
    byte[] archive = backup();
    put("a", "2");
    Random random = new Random(SEED);
    for (int i = 0; i < 200; i++) {
      byte[] altered = archive.clone();
      altered[random.nextInt(altered.length)] ^= (byte) (1 << random.nextInt(8));
      assertRefused(altered);
    }
    assertUnchanged();
  }

  @Test
  void backup_withAKey_tellsNothing_andIsReadWithItOnly() throws IOException {
    Map<String, String> first = Map.of("kv.encryption.key", "11".repeat(32));
    Map<String, String> second = Map.of("kv.encryption.key", "22".repeat(32));
    engine.close();
    open("encrypted", first);
    put("marked-key", "marked-value".repeat(20_000));
    byte[] archive = backup();
    assertThat(new String(archive, StandardCharsets.ISO_8859_1)).doesNotContain("marked-");
    for (Map<String, String> properties : List.of(second, Map.<String, String>of())) {
      engine.close();
      open("other" + properties.size(), properties);
      put("a", "1");
      assertThatThrownBy(() -> restore(archive))
          .hasMessageContaining("The archive is encrypted with the key")
          .extracting("code")
          .isEqualTo(ErrorCode.REQUEST_INVALID);
      assertThat(value("a")).isEqualTo("1");
      assertThat(value("marked-key")).isEmpty();
    }
    engine.close();
    open("third", first);
    restore(archive);
    assertThat(value("marked-key")).startsWith("marked-value");
  }

  /** Whoever can write where backups are kept could have made it. */
  @Test
  void restore_ofAnArchiveInClear_withAKey_isDoneOnlyIfThatIsMeant() throws IOException {
    put("a", "1");
    byte[] archive = backup();
    engine.close();
    FileTrees.delete(parent.resolve("data"));
    open("data", Map.of("kv.encryption.key", "11".repeat(32)));
    put("a", "x");
    put("a", "2");

    assertThatThrownBy(() -> restore(archive))
        .hasMessageContaining("unencrypted=true")
        .extracting("code", "field")
        .containsExactly(ErrorCode.REQUEST_INVALID, "unencrypted");
    assertUnchanged();

    backups.restore(
        Access.UNLIMITED, new Arrival(new ByteArrayInputStream(archive), archive.length, true));
    assertThat(value("a")).isEqualTo("1");
  }

  /** Zeros take hardly any room in clear, and all of it once they are encrypted. */
  @Test
  void restore_ofAnArchiveThatDoesNotFitOnceItIsEncrypted_changesNothing(
      @TempDir(factory = MemoryTempDir.class) Path disk) throws IOException {
    for (int i = 0; i < 40; i++) {
      put("zeros " + i, "0".repeat(1 << 20));
    }
    byte[] archive = backup();
    assertThat(archive).hasSizeLessThan(4 << 20);
    engine.close();
    long floor = Files.getFileStore(disk).getUsableSpace() - (96L << 20);
    open(
        disk.resolve("data").toString(),
        Map.of("kv.encryption.key", "11".repeat(32), "kv.disk.floor", String.valueOf(floor)));
    Arrival arrival = new Arrival(new ByteArrayInputStream(archive), archive.length, true);

    assertThatThrownBy(() -> backups.restore(Access.UNLIMITED, arrival))
        .extracting("code")
        .isEqualTo(ErrorCode.STORAGE_FULL);
    assertThat(engine.shards().system().store().revision()).isZero();
  }

  @Test
  void restore_ofAnAlteredArchive_withAKey_changesNothing() throws IOException {
    engine.close();
    FileTrees.delete(parent.resolve("data"));
    open("data", Map.of("kv.encryption.key", "11".repeat(32)));
    put("a", "1");
    byte[] archive = backup();
    put("a", "2");
    Random random = new Random(SEED);
    for (int i = 0; i < 60; i++) {
      byte[] altered = archive.clone();
      altered[random.nextInt(altered.length)] ^= (byte) (1 << random.nextInt(8));
      assertRefused(altered);
      assertRefused(Arrays.copyOf(archive, random.nextInt(archive.length)));
    }
    assertUnchanged();
  }

  @Test
  void restore_thatDoesNotFit_changesNothing() throws IOException {
    put("a", "1");
    byte[] archive = backup();
    engine.close();
    open("data", Map.of("kv.disk.floor", "1000000GiB"));

    for (long length : new long[] {archive.length, -1}) {
      assertThatThrownBy(() -> restore(new ByteArrayInputStream(archive), length))
          .extracting("code")
          .isEqualTo(ErrorCode.STORAGE_FULL);
    }
    assertThat(engine.shards().system().store().revision()).isEqualTo(1);
    assertTemporaryIsEmpty();
  }

  @Test
  void backup_withoutRoom_isRefused() {
    engine.close();
    open("data", Map.of("kv.disk.floor", "1000000GiB", "kv.backup.dir", parent + "/copies"));

    assertThatThrownBy(() -> backups.backup(Access.UNLIMITED))
        .extracting("code")
        .isEqualTo(ErrorCode.STORAGE_FULL);
    assertThatThrownBy(() -> backups.checkpoint(Access.UNLIMITED))
        .extracting("code")
        .isEqualTo(ErrorCode.STORAGE_FULL);
  }

  @Test
  void restore_whileAnotherArrives_isRefused() throws IOException {
    put("a", "1");
    byte[] archive = backup();
    put("a", "2");
    InputStream busy =
        new FilterInputStream(new ByteArrayInputStream(archive)) {
          @Override
          public int read(byte[] target, int offset, int length) throws IOException {
            assertThatThrownBy(() -> restore(archive))
                .extracting("code")
                .isEqualTo(ErrorCode.TOO_MANY_REQUESTS);
            return super.read(target, offset, length);
          }
        };

    restore(busy, archive.length);

    assertThat(value("a")).isEqualTo("1");
    assertTemporaryIsEmpty();
  }

  @Test
  void restore_fromAClientThatGoes_changesNothing() throws IOException {
    put("a", "1");
    byte[] archive = backup();
    put("a", "2");
    InputStream torn =
        new FilterInputStream(new ByteArrayInputStream(archive, 0, archive.length / 2)) {
          @Override
          public int read(byte[] target, int offset, int length) throws IOException {
            int count = super.read(target, offset, length);
            if (count < 0) {
              throw new IOException("The connection is gone.");
            }
            return count;
          }
        };
    assertThatThrownBy(() -> restore(torn, archive.length)).isInstanceOf(IOException.class);
    assertUnchanged();
  }

  @Test
  void backup_whileAnotherIsSent_isRefused() throws IOException {
    put("a", "1");
    Backup first = backups.backup(Access.UNLIMITED);
    assertThatThrownBy(() -> backups.backup(Access.UNLIMITED))
        .extracting("code")
        .isEqualTo(ErrorCode.TOO_MANY_REQUESTS);
    first.close();
    assertThat(backup()).isNotEmpty();
  }

  @Test
  void backup_thatCannotBegin_keepsNoPlace() throws IOException {
    put("a", "1");
    Path temporary = Files.createFile(parent.resolve("data/tmp"));
    assertThatThrownBy(() -> backups.backup(Access.UNLIMITED))
        .extracting("code")
        .isEqualTo(ErrorCode.UNAVAILABLE);
    Files.delete(temporary);
    assertThat(backup()).isNotEmpty();
  }

  @Test
  void backup_isAsLongAsItSays_andLeavesNothing() throws IOException {
    put("a", "x".repeat(100_000));
    try (Backup backup = backups.backup(Access.UNLIMITED)) {
      ByteArrayOutputStream out = new ByteArrayOutputStream();
      backup.writeTo(out);
      assertThat(out.size()).isEqualTo(backup.size());
      assertThat(backup.fileName()).matches("kvstore-\\d{8}T\\d{6}Z-1\\.tar");
    }
    assertThat(backups.lastBackup().revision()).isEqualTo(1);
    assertTemporaryIsEmpty();
  }

  @Test
  void backup_thatBreaksOff_isNotTheLast() throws IOException {
    put("a", "1");
    try (Backup backup = backups.backup(Access.UNLIMITED)) {
      assertThatThrownBy(
              () ->
                  backup.writeTo(
                      new OutputStream() {
                        @Override
                        public void write(int b) throws IOException {
                          throw new IOException("The client has gone.");
                        }
                      }))
          .isInstanceOf(IOException.class);
    }
    assertThat(backups.lastBackup().at()).isZero();
    assertTemporaryIsEmpty();
  }

  @Test
  void checkpoint_isADirectoryToStartOn() throws IOException {
    put("a", "1");
    engine.close();
    Path folder = Files.createDirectory(parent.resolve("copies"));
    open("data", Map.of("kv.backup.dir", folder.toString()));

    CheckpointDocument first = backups.checkpoint(Access.UNLIMITED);
    put("a", "2");
    CheckpointDocument second = backups.checkpoint(Access.UNLIMITED);

    assertThat(first.revision()).isEqualTo(1);
    assertThat(second.revision()).isEqualTo(2);
    assertThat(first.path()).isNotEqualTo(second.path());
    String name = parent.relativize(Path.of(first.path())).toString();
    engine.close();
    open(name, Map.of());
    assertThat(value("a")).isEqualTo("1");
    assertThat(engine.shards().system().store().revision()).isGreaterThan(2);
  }

  @Test
  void checkpoint_onAnotherFileSystem_isRefused(
      @TempDir(factory = MemoryTempDir.class) Path elsewhere) throws IOException {
    assumeThat(Files.getFileStore(elsewhere)).isNotEqualTo(Files.getFileStore(parent));
    engine.close();
    open("data", Map.of("kv.backup.dir", elsewhere.toString()));

    assertThatThrownBy(() -> backups.checkpoint(Access.UNLIMITED))
        .hasMessageContaining("file system")
        .extracting("code")
        .isEqualTo(ErrorCode.NOT_FOUND);
    assertThat(elsewhere).isEmptyDirectory();
    assertTemporaryIsEmpty();
  }

  @Test
  void checkpoint_withoutAPlace_isNotFound() {
    assertThatThrownBy(() -> backups.checkpoint(Access.UNLIMITED))
        .extracting("code")
        .isEqualTo(ErrorCode.NOT_FOUND);
  }

  @Test
  void heldRead_isAnsweredByARestore() throws Exception {
    put("a", "1");
    byte[] archive = backup();
    engine
        .shards()
        .system()
        .replicator()
        .submit(Writes.delete("a"))
        .toCompletableFuture()
        .get(30, TimeUnit.SECONDS);
    var held =
        engine
            .heldReads()
            .hold(
                Key.of("a"),
                key -> engine.shards().system().look(new Read.Get(key)),
                Optional::isPresent,
                Duration.ofMinutes(1))
            .toCompletableFuture();

    restore(archive);

    assertThat(held.get(30, TimeUnit.SECONDS)).isPresent();
  }

  private void assertRefused(byte[] archive) {
    assertThatThrownBy(() -> restore(archive))
        .isInstanceOf(KeyValueException.class)
        .extracting("code")
        .isEqualTo(ErrorCode.REQUEST_INVALID);
  }

  private void assertUnchanged() {
    assertThat(value("a")).isEqualTo("2");
    assertThat(engine.shards().system().store().revision()).isEqualTo(2);
    assertTemporaryIsEmpty();
  }

  private void assertTemporaryIsEmpty() {
    Path temporary = parent.resolve("data/tmp");
    if (Files.exists(temporary)) {
      assertThat(temporary).isEmptyDirectory();
    }
  }

  private byte[] backup() throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (Backup backup = backups.backup(Access.UNLIMITED)) {
      backup.writeTo(out);
    }
    return out.toByteArray();
  }

  private RestoredDocument restore(byte[] archive) throws IOException {
    return restore(new ByteArrayInputStream(archive), archive.length);
  }

  private RestoredDocument restore(InputStream in, long length) throws IOException {
    return backups.restore(Access.UNLIMITED, new Arrival(in, length, false));
  }

  private void put(String key, String value) {
    engine
        .shards()
        .system()
        .replicator()
        .submit(Writes.put(key, value))
        .toCompletableFuture()
        .orTimeout(30, TimeUnit.SECONDS)
        .join();
  }

  private String value(String key) {
    Entry entry = engine.shards().system().store().get(Key.of(key));
    return entry == null ? "" : entry.value().toUtf8();
  }
}
