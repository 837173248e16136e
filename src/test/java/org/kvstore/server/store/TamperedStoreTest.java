package org.kvstore.server.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.kvstore.server.store.EncryptedStores.MARKER;
import static org.kvstore.server.store.EncryptedStores.fill;
import static org.kvstore.server.store.EncryptedStores.open;
import static org.kvstore.server.store.EncryptedStores.store;
import static org.kvstore.server.store.EncryptedStores.value;
import static org.kvstore.server.store.EncryptedStores.verify;

import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.kvstore.server.crypto.EncryptionKeys;
import org.kvstore.server.crypto.TestKeys;
import org.kvstore.server.model.Command;
import org.kvstore.server.model.Key;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.model.Outcome;
import org.kvstore.server.model.Submission;
import org.rocksdb.RocksDBException;
import org.rocksdb.WriteBatch;

/** Rows that somebody altered who can write the files are named, and are in nobody else's way. */
class TamperedStoreTest {
  private static final EncryptionKeys KEY = TestKeys.of(1);

  @TempDir Path parent;

  /** What somebody could do who can write the files, and repairs the checksums. */
  private enum Deed {
    ALTER_VALUE,
    ALTER_REVISION,
    PUT_ROW_OF_ANOTHER_KEY,
    PUT_ROW_IN_CLEAR
  }

  @ParameterizedTest
  @EnumSource
  void rowThatWasTamperedWith_isNotAnswered_andNamed(Deed deed) throws Exception {
    Path data = parent.resolve("data");
    fill(data, KEY);
    tamper(data.resolve("shards/0"), deed);

    try (DataDirectory directory = open(data, KEY);
        Store store = store(directory, KEY)) {
      assertThatThrownBy(() -> store.get(Key.of("a"))).isInstanceOf(RuntimeException.class);
      assertThat(value(store, "b")).isEqualTo(MARKER + 2);
    }
    assertThat(verify(data, KEY)).contains("DAMAGED table current, row 'a'");
  }

  /** It needs no value, and is the way to be rid of one that nobody can read. */
  @Test
  void deleteRange_decryptsNothing() throws Exception {
    Path data = parent.resolve("data");
    fill(data, KEY);
    tamper(data.resolve("shards/0"), Deed.ALTER_VALUE);

    try (DataDirectory directory = open(data, KEY);
        Store store = store(directory, KEY)) {
      assertThat(store.apply(List.of(Writes.deletePrefix(""))))
          .containsExactly(new Outcome.RangeDeleted(2, null));
      assertThat(store.get(Key.of("a"))).isNull();
    }
    assertThat(verify(data, KEY)).endsWith("sound\n");
  }

  @Test
  void rowThatWasTamperedWith_doesNotKeepOthersFromExpiring() throws Exception {
    Path data = parent.resolve("data");
    try (DataDirectory directory = open(data, KEY);
        Store store = store(directory, KEY)) {
      store.apply(
          List.of(
              Writes.putUntil("a", MARKER + 1, Writes.NOW + 1),
              Writes.putUntil("b", MARKER + 2, Writes.NOW + 2)));
    }
    tamper(data.resolve("shards/0"), Deed.ALTER_VALUE);

    try (DataDirectory directory = open(data, KEY);
        Store store = store(directory, KEY)) {
      store.apply(List.of(Writes.expire(Writes.NOW + 2, 10)));
      assertThat(store.get(Key.of("b"))).isNull();
    }
    assertThat(verify(data, KEY)).contains("DAMAGED table current, row 'a'");
  }

  private static void tamper(Path shard, Deed deed) throws RocksDBException {
    try (Database database = Database.open(shard, Stores.options(shard).with(KEY), false);
        WriteBatch batch = new WriteBatch()) {
      byte[] key = Rows.currentKey(Key.of("a"));
      byte[] row = Objects.requireNonNull(database.get(Table.CURRENT, database.newest(), key));
      byte[] other = Rows.currentKey(Key.of("b"));
      byte[] tampered =
          switch (deed) {
            case ALTER_VALUE -> flipped(row, row.length - 20);
            case ALTER_REVISION -> flipped(row, 2);
            case PUT_ROW_OF_ANOTHER_KEY ->
                Objects.requireNonNull(database.get(Table.CURRENT, database.newest(), other));
            case PUT_ROW_IN_CLEAR ->
                Rows.currentValue(Rows.currentEntry(Key.of("a"), row, database.dataKey()));
          };
      batch.put(database.handle(Table.CURRENT), key, tampered);
      database.write(batch);
    }
  }

  /** What is given up of history depends on times alone. */
  @Test
  void changeThatWasTamperedWith_doesNotKeepHistoryFromBeingGivenUp() throws Exception {
    Path data = parent.resolve("data");
    fill(data, KEY);
    Path shard = data.resolve("shards/0");
    try (Database database = Database.open(shard, Stores.options(shard).with(KEY), false);
        WriteBatch batch = new WriteBatch()) {
      byte[] first = Rows.changeKey(1, Key.of("a"));
      byte[] row = Objects.requireNonNull(database.get(Table.CHANGES, database.newest(), first));
      batch.put(database.handle(Table.CHANGES), first, flipped(row, row.length - 1));
      database.write(batch);
    }
    try (Store store = reopened(shard)) {
      assertThat(store.retainedFrom(Writes.NOW + 1, 10)).isEqualTo(2);
      store.apply(List.of(new Submission(new Command.Compact(2), Writes.NOW, null)));
      assertThat(store.sweep()).isFalse();
    }
  }

  @Test
  void changeThatWasPutInThePlaceOfALaterOne_isNotAnswered() throws Exception {
    Path data = parent.resolve("data");
    fill(data, KEY);
    Path shard = data.resolve("shards/0");
    try (Store store = reopened(shard)) {
      store.apply(List.of(Writes.put("a", MARKER + 3)));
    }
    try (Database database = Database.open(shard, Stores.options(shard).with(KEY), false);
        WriteBatch batch = new WriteBatch()) {
      byte[] first = Rows.changeKey(1, Key.of("a"));
      byte[] row = Objects.requireNonNull(database.get(Table.CHANGES, database.newest(), first));
      batch.put(database.handle(Table.CHANGES), Rows.changeKey(3, Key.of("a")), row);
      database.write(batch);
    }
    try (Store store = reopened(shard)) {
      assertThatThrownBy(() -> store.changes(2, 10, 1 << 20))
          .isInstanceOf(KeyValueException.class)
          .hasMessageContaining("was altered");
    }
  }

  private static Store reopened(Path shard) {
    return store(shard, KEY, false);
  }

  private static byte[] flipped(byte[] row, int at) {
    byte[] flipped = row.clone();
    flipped[at] ^= 1;
    return flipped;
  }
}
