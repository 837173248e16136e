package org.kvstore.server.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.crypto.EncryptionKeys;
import org.kvstore.server.model.Bytes;
import org.kvstore.server.model.Command;
import org.kvstore.server.model.Entry;
import org.kvstore.server.model.Key;
import org.kvstore.server.model.KeyRange;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.model.Outcome;
import org.kvstore.server.model.Submission;
import org.rocksdb.WriteBatch;

/** A copy is of one revision; a store that goes on from one shows it, and repeats no number. */
class StoreCopyTest {
  @TempDir Path parent;
  private DataDirectory directory;
  private Store store;

  @BeforeEach
  void open() {
    directory = DataDirectory.open(parent.resolve("data"));
    store = Stores.create(directory.shard(0));
    directory.initialised();
  }

  @AfterEach
  void close() {
    store.close();
    directory.close();
  }

  @Test
  void copyTo_showsWhatWasAcknowledged() {
    write("a", "1");
    write("b", "2");
    Path copy = directory.newTemporary();

    long revision = store.copyTo(copy);

    write("a", "3");
    assertThat(revision).isEqualTo(2);
    try (Store copied = Stores.open(copy)) {
      assertThat(copied.revision()).isEqualTo(2);
      assertThat(value(copied, "a")).isEqualTo("1");
      assertThat(value(copied, "b")).isEqualTo("2");
    }
  }

  @Test
  void copyTo_whileManyWrite_isOfOneRevision() {
    IntStream.range(0, 20).forEach(n -> write("k" + n, ""));
    AtomicBoolean done = new AtomicBoolean();
    CompletableFuture<Void> writer =
        CompletableFuture.runAsync(
            () -> {
              for (int i = 0; !done.get(); i++) {
                String value = i + "x".repeat(2_000);
                store.apply(List.of(Writes.put("a", value)));
                store.apply(
                    IntStream.range(0, 20).mapToObj(n -> Writes.put("k" + n, value)).toList());
              }
            });
    for (int round = 0; round < 8; round++) {
      Path copy = directory.newTemporary();
      long revision = store.copyTo(copy);
      try (Store copied = Stores.open(copy)) {
        assertThat(copied.revision()).isEqualTo(revision);
        for (int n = 0; n < 20; n++) {
          assertThat(version(copied, "k" + n)).isEqualTo(store.getAt(Key.of("k" + n), revision));
        }
      }
      StoreInspector.consistentEvents(copy);
    }
    done.set(true);
    writer.join();
  }

  @Test
  void restore_showsTheCopy_andNothingElse() throws IOException {
    write("kept", "old");
    Replacement copy = copied();
    write("kept", "new");
    write("later", "x");

    store.restore(copy, 1, 0);
    copy.close();

    assertThat(value(store, "kept")).isEqualTo("old");
    assertThat(store.get(Key.of("later"))).isNull();
    assertThat(store.count(new KeyRange(Bytes.EMPTY, null), 0).keys()).isEqualTo(1);
  }

  @Test
  void restore_givesRevisionsAboveAllThatWereGivenOut() throws IOException {
    write("a", "1");
    Replacement copy = copied();
    write("a", "2");
    write("a", "3");

    long revision = store.restore(copy, 1, 0);

    assertThat(revision).isEqualTo(3 + DatabaseCopy.JUMP).isEqualTo(store.revision());
    write("a", "4");
    assertThat(version(store, "a").modRevision()).isEqualTo(revision + 1);
    assertThat(version(store, "a").version()).isEqualTo(2);
  }

  @Test
  void restore_ofACopyThatIsAhead_beginsAboveTheCopy() throws IOException {
    for (int i = 0; i < 5; i++) {
      write("a", "x");
    }
    Replacement copy = copied();
    store.close();
    directory.close();
    try (DataDirectory other = DataDirectory.open(parent.resolve("other"));
        Store empty = Stores.create(other.shard(0))) {
      other.initialised();
      Replacement moved = moved(copy, other);
      assertThat(empty.restore(moved, 5, 0)).isEqualTo(5 + DatabaseCopy.JUMP);
      assertThat(value(empty, "a")).isEqualTo("x");
    }
  }

  @Test
  void restore_ofOneCopyTwice_beginsAboveWhatTheFirstGaveOut() throws IOException {
    write("a", "x");
    Replacement first = copied();
    Replacement second = copied();
    long newest;
    long lease;
    try (DataDirectory other = DataDirectory.open(parent.resolve("first"));
        Store lost = Stores.create(other.shard(0))) {
      other.initialised();
      lost.restore(moved(first, other), 1, Writes.NOW);
      lost.apply(List.of(Writes.put("a", "y")));
      newest = lost.revision();
      lease = grant(lost);
    }
    try (DataDirectory other = DataDirectory.open(parent.resolve("second"));
        Store next = Stores.create(other.shard(0))) {
      other.initialised();
      assertThat(next.restore(moved(second, other), 1, Writes.NOW + 1_000)).isGreaterThan(newest);
      assertThat(grant(next)).isGreaterThan(lease);
    }
  }

  @Test
  void restore_ofNumbersAtTheirEnd_changesNothing() throws Exception {
    write("a", "1");
    Replacement copy = copied();
    long last = Long.MAX_VALUE - 1;
    try (Database database = Database.open(copy.staged(), Stores.options(copy.staged()), false);
        WriteBatch batch = new WriteBatch()) {
      byte[] row = new Encoder(Long.BYTES).fixed64(last).toArray();
      batch.put(database.handle(Table.META), Staging.REVISION, row);
      database.write(batch);
    }

    assertThatThrownBy(() -> store.restore(copy, last, 0))
        .extracting("code")
        .isEqualTo(ErrorCode.REQUEST_INVALID);

    write("a", "2");
    assertThat(store.revision()).isEqualTo(2);
  }

  @Test
  void restore_givesLeasesThatNoOtherHad() throws IOException {
    long before = grant(store);
    Replacement copy = copied();
    grant(store);
    long newest = grant(store);

    store.restore(copy, store.revision(), 0);

    assertThat(store.lease(before)).isNotNull();
    assertThat(store.lease(newest)).isNull();
    assertThat(grant(store)).isGreaterThan(newest);
  }

  @Test
  void restore_beginsHistoryAnew() throws IOException {
    write("a", "1");
    write("a", "2");
    Replacement copy = copied();
    write("a", "3");

    long revision = store.restore(copy, 2, 0);

    for (long earlier : new long[] {1, 2, 3, revision - 1}) {
      assertThatThrownBy(() -> store.getAt(Key.of("a"), earlier))
          .extracting("code")
          .isEqualTo(ErrorCode.COMPACTED);
      assertThatThrownBy(() -> store.changes(earlier, 10, 10))
          .extracting("code")
          .isEqualTo(ErrorCode.COMPACTED);
    }
    assertThat(store.history(Key.of("a"), 0, 10).versions()).hasSize(1);
    write("a", "4");
    while (store.sweep()) {
      // To its end.
    }
    assertThat(found(store.getAt(Key.of("a"), revision)).value().toUtf8()).isEqualTo("2");
    assertThat(store.history(Key.of("a"), 0, 10).versions()).hasSize(2);
    assertThat(store.changes(revision, 10, 1_000).events()).hasSize(1);
  }

  @Test
  void restore_remembersTheRequestsOfTheCopy() throws IOException {
    Submission named = Writes.named(Writes.put("a", "1"), "request", "print");
    List<Outcome> first = store.apply(List.of(named));
    Replacement copy = copied();

    store.restore(copy, 1, 0);

    assertThat(store.apply(List.of(named))).isEqualTo(first);
    assertThat(version(store, "a").version()).isEqualTo(1);
  }

  @Test
  void restore_endsReadsUnderWay() throws IOException {
    for (int i = 0; i < 3; i++) {
      write("k" + i, "x".repeat(1 << 20));
    }
    Replacement copy = copied();
    try (EntryScan scan = store.scan(new KeyRange(Bytes.EMPTY, null))) {
      store.restore(copy, 3, 0);
      assertThatThrownBy(scan::advance).extracting("code").isEqualTo(ErrorCode.UNAVAILABLE);
    }
  }

  @Test
  void restore_ofADamagedTable_changesNothing() throws IOException {
    write("a", "x".repeat(10_000));
    Replacement copy = copied();
    Path table = FileTrees.ending(copy.staged(), ".sst").get(0);
    byte[] bytes = Files.readAllBytes(table);
    bytes[bytes.length / 3] ^= 1;
    Files.delete(table);
    Files.write(table, bytes);
    write("a", "newer");

    assertThatThrownBy(() -> store.restore(copy, 1, 0))
        .isInstanceOf(KeyValueException.class)
        .extracting("code")
        .isEqualTo(ErrorCode.REQUEST_INVALID);

    copy.close();
    assertThat(value(store, "a")).isEqualTo("newer");
    write("a", "newest");
    assertThat(store.revision()).isEqualTo(3);
  }

  @Test
  void restore_ofAnotherRevisionThanSaid_changesNothing() throws IOException {
    write("a", "1");
    Replacement copy = copied();
    assertThatThrownBy(() -> store.restore(copy, 7, 0))
        .extracting("code")
        .isEqualTo(ErrorCode.REQUEST_INVALID);
    assertThat(store.revision()).isEqualTo(1);
  }

  @Test
  void restore_survivesACrashAfterwards() throws IOException {
    write("a", "1");
    Replacement copy = copied();
    write("a", "2");
    long revision = store.restore(copy, 1, 0);
    write("b", "after");
    close();

    assertThat(verified(parent.resolve("data"))).isEqualTo(Verifier.SOUND);
    directory = DataDirectory.open(parent.resolve("data"));
    store = Stores.open(directory.shard(0));

    assertThat(value(store, "a")).isEqualTo("1");
    assertThat(value(store, "b")).isEqualTo("after");
    assertThat(store.revision()).isEqualTo(revision + 1);
  }

  @Test
  void restore_thatCannotFinishYet_goesOnByItself() throws IOException {
    write("a", "1");
    Replacement copy = copied();
    write("a", "2");
    // The old database cannot make room while something is in its way.
    Path inTheWay = copy.staged().resolveSibling(copy.staged().getFileName() + ".replaced");
    Files.createDirectories(inTheWay.resolve("x"));

    assertThatThrownBy(() -> store.restore(copy, 1, 0))
        .extracting("code")
        .isEqualTo(ErrorCode.INDETERMINATE);
    copy.close();
    assertThat(store.hasFailed()).isTrue();
    assertThatThrownBy(store::revision).extracting("code").isEqualTo(ErrorCode.UNAVAILABLE);

    Files.delete(inTheWay.resolve("x"));
    store.recover();
    assertThat(value(store, "a")).isEqualTo("1");
    assertThat(store.revision()).isEqualTo(2 + DatabaseCopy.JUMP);
    assertThat(inTheWay).as("where the old one went").doesNotExist();
  }

  @Test
  void detach_beginsAboveItsStore() throws IOException {
    write("a", "1");
    Path copy = parent.resolve("copy");
    long revision = store.copyTo(DataDirectory.shardOfCopy(copy));
    DatabaseCopy.detach(copy.resolve("shards/0"), 0);
    directory.completeCopy(copy);
    assertThat(verified(copy)).isEqualTo(Verifier.SOUND);

    try (DataDirectory other = DataDirectory.open(copy);
        Store started = Stores.open(other.shard(0))) {
      assertThat(other.isNew()).isFalse();
      assertThat(value(started, "a")).isEqualTo("1");
      assertThat(started.revision()).isEqualTo(revision + DatabaseCopy.JUMP);
    }
    write("a", "2");
    assertThat(value(store, "a")).isEqualTo("2");
  }

  private Replacement copied() throws IOException {
    Replacement replacement = directory.newReplacement();
    Files.delete(replacement.staged());
    store.copyTo(replacement.staged());
    Files.deleteIfExists(replacement.staged().resolve("LOG"));
    return replacement;
  }

  private static Replacement moved(Replacement copy, DataDirectory to) throws IOException {
    Replacement replacement = to.newReplacement();
    try (Stream<Path> files = Files.list(copy.staged())) {
      for (Path file : files.toList()) {
        Files.move(
            file,
            replacement.staged().resolve(file.getFileName()),
            StandardCopyOption.REPLACE_EXISTING);
      }
    }
    return replacement;
  }

  private void write(String key, String value) {
    store.apply(List.of(Writes.put(key, value)));
  }

  private static int verified(Path data) {
    return Verifier.run(
        List.of(data.toString()),
        EncryptionKeys.NONE,
        new PrintStream(OutputStream.nullOutputStream()));
  }

  private static long grant(Store from) {
    Submission grant = new Submission(new Command.GrantLease(60_000), Writes.NOW, null);
    return ((Outcome.Leased) from.apply(List.of(grant)).get(0)).lease().id();
  }

  private static String value(Store store, String key) {
    return version(store, key).value().toUtf8();
  }

  private static Entry version(Store store, String key) {
    return found(store.get(Key.of(key)));
  }

  private static Entry found(@Nullable Entry entry) {
    return Objects.requireNonNull(entry);
  }
}
