package org.kvstore.server.store;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.file.StandardCopyOption.REPLACE_EXISTING;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.kvstore.server.store.EncryptedStores.MARKER;
import static org.kvstore.server.store.EncryptedStores.fill;
import static org.kvstore.server.store.EncryptedStores.open;
import static org.kvstore.server.store.EncryptedStores.store;
import static org.kvstore.server.store.EncryptedStores.value;
import static org.kvstore.server.store.EncryptedStores.verify;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.crypto.EncryptionKeys;
import org.kvstore.server.crypto.TestKeys;
import org.kvstore.server.model.Bytes;
import org.kvstore.server.model.Command;
import org.kvstore.server.model.Condition;
import org.kvstore.server.model.Key;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.model.Outcome;
import org.kvstore.server.model.Patch;
import org.kvstore.server.model.Submission;

/** An encrypted store answers as any other; its files tell no value, and only to its key. */
class EncryptedStoreTest {
  private static final EncryptionKeys FIRST = TestKeys.of(1);
  private static final EncryptionKeys SECOND = TestKeys.of(2);

  @TempDir Path parent;

  @Test
  void values_areReadAgain_andAreInNoFile() throws IOException {
    Path data = parent.resolve("data");
    Submission named = Writes.named(increment("count"), "name", MARKER + "fingerprint");
    try (DataDirectory directory = open(data, FIRST);
        Store store = store(directory, FIRST)) {
      store.apply(List.of(Writes.put("a", MARKER + 1), Writes.put("b", MARKER + 2)));
      store.apply(List.of(Writes.put("a", MARKER + 3), Writes.delete("b"), named));
    }
    requireNowhere(data);
    try (DataDirectory directory = open(data, FIRST);
        Store store = store(directory, FIRST)) {
      assertThat(value(store, "a")).isEqualTo(MARKER + 3);
      assertThat(Objects.requireNonNull(store.getAt(Key.of("a"), 1)).value().toUtf8())
          .isEqualTo(MARKER + 1);
      assertThat(store.history(Key.of("b"), 0, 10).versions()).hasSize(2);
      assertThat(store.changes(0, 10, 1 << 20).events())
          .extracting(event -> event.entry() == null ? "" : event.entry().value().toUtf8())
          .containsExactly(MARKER + 1, MARKER + 2, MARKER + 3, "", "1");
      assertThat(store.apply(List.of(named)).get(0)).isInstanceOf(Outcome.Modified.class);
      assertThat(value(store, "count")).isEqualTo("1");
      store.reclaim();
    }
    requireNowhere(data);
    assertThat(verify(data, FIRST)).endsWith("sound\n");
  }

  @Test
  void open_withAnotherKeyOrNone_saysWhatIsMissing_andChangesNothing() {
    Path data = parent.resolve("data");
    fill(data, FIRST);
    var before = FileTrees.digests(data);

    assertRefused(
        () -> open(data, SECOND),
        data.resolve("FORMAT") + " says that the data is encrypted with the key " + FIRST,
        "the only key is " + SECOND,
        "KV_ENCRYPTION_KEY_FILE");
    assertRefused(() -> open(data, EncryptionKeys.NONE), FIRST.toString(), "no key is set");

    assertThat(FileTrees.digests(data)).isEqualTo(before);
    assertThat(verify(data, SECOND)).contains("the only key is " + SECOND, "cannot tell:");
    assertThat(verify(data, EncryptionKeys.NONE)).contains("no key is set");
  }

  @Test
  void open_ofDataInClear_withAKey_isRefused() {
    Path data = parent.resolve("data");
    fill(data, EncryptionKeys.NONE);
    var before = FileTrees.digests(data);

    assertRefused(() -> open(data, FIRST), "FORMAT is of data in clear", "restore it");

    assertThat(FileTrees.digests(data)).isEqualTo(before);
  }

  @Test
  void open_ofADatabaseThatWasExchanged_isRefused() {
    Path clear = parent.resolve("clear");
    Path other = parent.resolve("other");
    Path data = parent.resolve("data");
    fill(clear, EncryptionKeys.NONE);
    fill(other, SECOND);
    fill(data, FIRST);
    for (Path source : List.of(clear, other)) {
      FileTrees.delete(data.resolve("shards"));
      FileTrees.copy(source.resolve("shards"), data.resolve("shards"));
      try (DataDirectory directory = open(data, FIRST)) {
        assertRefused(() -> store(directory, FIRST), directory.shard(0).toString());
      }
    }
  }

  @Test
  void keyThatComesFirst_takesOver_andTheOtherMayGo() {
    Path data = parent.resolve("data");
    fill(data, FIRST);

    reopen(data, TestKeys.of(2, 1));

    reopen(data, SECOND);
    assertRefused(() -> open(data, FIRST), "with the key " + SECOND);
    assertThat(verify(data, SECOND)).endsWith("sound\n");
  }

  /** Whoever has the former key is to find nothing that it opens. */
  @Test
  void keyThatComesFirst_leavesNothingInTheTables_thatTheOtherOpens() throws IOException {
    Path data = parent.resolve("data");
    fill(data, FIRST);
    reopen(data, FIRST);
    assertThat(isInATable(data, FIRST)).as("before").isTrue();

    reopen(data, TestKeys.of(2, 1));

    reopen(data, SECOND);
    assertThat(isInATable(data, FIRST)).isFalse();
    assertThat(isInATable(data, SECOND)).isTrue();
  }

  /** The key row has the id of the operator's key in front of what that opens. */
  private static boolean isInATable(Path data, EncryptionKeys keys) throws IOException {
    String id = new String(HexFormat.of().parseHex(keys.first().id()), ISO_8859_1);
    for (Path file : FileTrees.ending(data, ".sst")) {
      if (new String(Files.readAllBytes(file), ISO_8859_1).contains(id)) {
        return true;
      }
    }
    return false;
  }

  @Test
  void keyThatComesFirst_afterACrashHalfWay_takesOverStill() throws IOException {
    Path data = parent.resolve("data");
    fill(data, FIRST);
    byte[] format = Files.readAllBytes(data.resolve("FORMAT"));
    reopen(data, TestKeys.of(2, 1));
    Files.write(data.resolve("FORMAT"), format);
    assertThat(verify(data, TestKeys.of(2, 1)))
        .contains("the change of the key goes on at the next start")
        .endsWith("sound\n");

    reopen(data, TestKeys.of(2, 1));

    reopen(data, SECOND);
  }

  @Test
  void verify_ofAFormatThatNamesAnotherKeyThanTheDatabase_namesBoth() throws IOException {
    Path clear = parent.resolve("clear");
    Path other = parent.resolve("other");
    Path data = parent.resolve("data");
    fill(clear, EncryptionKeys.NONE);
    fill(other, SECOND);
    fill(data, FIRST);
    String damaged = "DAMAGED " + data.resolve("FORMAT") + ": says that the data is ";

    Files.copy(other.resolve("FORMAT"), data.resolve("FORMAT"), REPLACE_EXISTING);
    assertThat(verify(data, FIRST))
        .contains(damaged + "encrypted with the key " + SECOND)
        .contains("shards/0 is encrypted with the key " + FIRST)
        .contains("damaged: 1 problem");

    Files.copy(clear.resolve("FORMAT"), data.resolve("FORMAT"), REPLACE_EXISTING);
    assertThat(verify(data, FIRST))
        .contains(damaged + "in clear")
        .contains("shards/0 is encrypted with the key " + FIRST);

    Files.copy(other.resolve("FORMAT"), clear.resolve("FORMAT"), REPLACE_EXISTING);
    assertThat(verify(clear, SECOND))
        .contains("encrypted with the key " + SECOND + ", but ")
        .contains("shards/0 is in clear");
  }

  @Test
  void restore_ofACopyUnderAnotherKey_takesItOver() throws IOException {
    Path data = parent.resolve("data");
    fill(data, SECOND);
    try (DataDirectory directory = open(parent.resolve("new"), FIRST);
        Store store = store(directory, TestKeys.of(1, 2))) {
      Replacement copy = copied(data, SECOND, directory);
      store.restore(copy, 2, 0);
      copy.close();
      assertThat(value(store, "a")).isEqualTo(MARKER + 1);
    }
    reopen(parent.resolve("new"), FIRST);
  }

  @Test
  void restore_ofACopyUnderAnUnknownKey_changesNothing() throws IOException {
    Path data = parent.resolve("data");
    fill(data, SECOND);
    for (EncryptionKeys keys : List.of(FIRST, EncryptionKeys.NONE)) {
      Path target = parent.resolve("target-" + keys);
      try (DataDirectory directory = open(target, keys);
          Store store = store(directory, keys)) {
        store.apply(List.of(Writes.put("kept", "x")));
        Replacement copy = copied(data, SECOND, directory);
        assertThatThrownBy(() -> store.restore(copy, 2, 0))
            .hasMessageContaining("is encrypted with the key " + SECOND)
            .extracting("code")
            .isEqualTo(ErrorCode.REQUEST_INVALID);
        copy.close();
        assertThat(value(store, "kept")).isEqualTo("x");
        assertThat(store.revision()).isEqualTo(1);
      }
    }
  }

  @Test
  void restore_ofACopyInClear_encryptsAllOfIt() throws IOException {
    Path data = parent.resolve("data");
    Submission named = Writes.named(increment("count"), "name", MARKER + "fingerprint");
    Path copies = parent.resolve("new");
    try (DataDirectory directory = open(data, EncryptionKeys.NONE);
        Store store = store(directory, EncryptionKeys.NONE)) {
      store.apply(List.of(Writes.put("a", MARKER + 1), Writes.putUntil("b", MARKER + 2, 1L << 60)));
      store.apply(List.of(Writes.delete("a"), Writes.put("a", MARKER + 3), named));
      store.apply(List.of(new Submission(new Command.GrantLease(60_000, ""), Writes.NOW, null)));
    }
    try (DataDirectory directory = open(copies, FIRST);
        Store store = store(directory, FIRST)) {
      Replacement copy = copied(data, EncryptionKeys.NONE, directory);
      store.restore(copy, 5, 0);
      copy.close();
      assertThat(value(store, "a")).isEqualTo(MARKER + 3);
      assertThat(value(store, "b")).isEqualTo(MARKER + 2);
      assertThat(store.lease(1)).isNotNull();
      assertThat(store.apply(List.of(named)).get(0)).isInstanceOf(Outcome.Modified.class);
      assertThat(value(store, "count")).isEqualTo("1");
    }
    requireNowhere(copies);
    reopen(copies, FIRST);
    assertThat(verify(copies, FIRST)).endsWith("sound\n");
  }

  @Test
  void digestOfWhatWasApplied_isTheSame_underEachKeyAndInClear() throws IOException {
    List<String> digests = new ArrayList<>();
    for (EncryptionKeys keys : List.of(FIRST, SECOND, EncryptionKeys.NONE)) {
      Path data = parent.resolve("data-" + keys);
      try (DataDirectory directory = open(data, keys);
          Store store = store(directory, keys)) {
        store.apply(List.of(Writes.put("a", "1"), Writes.putUntil("b", "2", 1L << 60)));
        store.apply(List.of(Writes.delete("a"), Writes.named(increment("count"), "name", "x")));
      }
      digests.add(digestLine(verify(data, keys)));
    }
    assertThat(digests.stream().distinct()).hasSize(1);
  }

  private static String digestLine(String verdict) {
    return verdict.lines().filter(line -> line.startsWith("  digest ")).findFirst().orElseThrow();
  }

  /** Zeros take hardly any room in clear, and short rows grow most. */
  @ParameterizedTest
  @CsvSource({"40, 200000", "20000, 0", "3, 0"})
  void bytesToEncrypt_areNoFewerThanItTakes(int entries, int length) throws IOException {
    Path data = parent.resolve("data");
    try (DataDirectory directory = open(data, EncryptionKeys.NONE);
        Store store = store(directory, EncryptionKeys.NONE)) {
      store.apply(
          IntStream.range(0, entries)
              .mapToObj(i -> Writes.put("key " + i, "0".repeat(length)))
              .toList());
    }
    try (DataDirectory directory = open(parent.resolve("new"), FIRST)) {
      Path copy = copied(data, EncryptionKeys.NONE, directory).staged();
      long bound = DatabaseCopy.bytesToEncrypt(copy);

      DatabaseCopy.openChecked(copy, entries, FIRST).close();

      assertThat(FileTrees.ending(copy, "").stream().mapToLong(FileTrees::size).sum())
          .isLessThan(bound / 2)
          .isGreaterThan(2L * entries * length);
    }
  }

  @Test
  void checkpoint_isEncryptedUnderTheSameKey() throws IOException {
    Path copy = parent.resolve("copy");
    try (DataDirectory directory = open(parent.resolve("data"), FIRST);
        Store store = store(directory, FIRST)) {
      store.apply(List.of(Writes.put("a", MARKER + 1), Writes.put("b", MARKER + 2)));
      Path shard = DataDirectory.shardOfCopy(copy);
      store.copyTo(shard);
      DatabaseCopy.detach(shard, 0);
      directory.completeCopy(copy);
    }
    requireNowhere(copy);
    assertRefused(() -> open(copy, SECOND), FIRST.toString());
    reopen(copy, FIRST);
  }

  private static void reopen(Path data, EncryptionKeys keys) {
    try (DataDirectory directory = open(data, keys);
        Store store = store(directory, keys)) {
      assertThat(value(store, "b")).isEqualTo(MARKER + 2);
    }
  }

  /** A copy of a closed store, as it arrives for a restore. */
  private static Replacement copied(Path data, EncryptionKeys keys, DataDirectory target)
      throws IOException {
    Replacement copy = target.newReplacement();
    Files.delete(copy.staged());
    try (Store store = store(data.resolve("shards/0"), keys, false)) {
      store.copyTo(copy.staged());
    }
    return copy;
  }

  private static Submission increment(String key) {
    return new Submission(
        new Command.Modify(
            Key.of(key),
            new Patch(Patch.Kind.INCREMENT, Bytes.ofUtf8("{\"by\":1}")),
            Condition.NONE),
        Writes.NOW,
        null);
  }

  private static void assertRefused(ThrowingCallable open, String... parts) {
    assertThatThrownBy(open)
        .isInstanceOfSatisfying(
            KeyValueException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.UNAVAILABLE))
        .hasMessageContainingAll(parts)
        .hasMessageContaining("Nothing was overwritten");
  }

  /** Of a store that is closed: an open one deletes files meanwhile. */
  private static void requireNowhere(Path root) throws IOException {
    for (Path file : FileTrees.ending(root, "")) {
      assertThat(new String(Files.readAllBytes(file), ISO_8859_1))
          .as("%s", file)
          .doesNotContain(MARKER);
    }
  }
}
