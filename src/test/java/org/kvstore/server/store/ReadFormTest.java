package org.kvstore.server.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.Bytes;
import org.kvstore.server.model.Command;
import org.kvstore.server.model.Condition;
import org.kvstore.server.model.Event;
import org.kvstore.server.model.Key;
import org.kvstore.server.model.KeyRange;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.model.Lifetime;
import org.kvstore.server.model.ListQuery;
import org.kvstore.server.model.Outcome;
import org.kvstore.server.model.Submission;

/** Every read and its answer arrive as they were sent. */
class ReadFormTest {
  @TempDir Path directory;

  private Store store; // Set before each test.
  private long lease;

  @BeforeEach
  void open() {
    store = Stores.create(directory);
    List<Outcome> granted =
        store.apply(
            List.of(new Submission(new Command.GrantLease(60_000, "me"), Writes.NOW, null)));
    lease = ((Outcome.Leased) granted.get(0)).lease().id();
    store.apply(
        List.of(
            Writes.put("a/1", "one"),
            Writes.put("a/1", "uno"),
            Writes.putUntil("a/2", "two", Writes.NOW + 60_000),
            Writes.put("b", "three"),
            Writes.delete("b"),
            new Submission(
                new Command.Put(
                    Key.of("c"),
                    Bytes.ofUtf8("{}"),
                    "application/json",
                    new Lifetime.OnLease(lease, "me"),
                    Condition.NONE),
                Writes.NOW,
                null)));
  }

  @AfterEach
  void close() {
    store.close();
  }

  @Test
  void keys_arriveAsTheyWereSent() {
    requireSame(new Read.Get(Key.of("a/1")));
    requireSame(new Read.Get(Key.of("b")));
    requireSame(new Read.Get(Key.of("c")));
    requireSame(new Read.GetAt(Key.of("a/1"), 1));
    requireSame(new Read.HistoryOf(Key.of("a/1"), 0, 1));
    requireSame(new Read.HistoryOf(Key.of("b"), 0, 100));
  }

  @Test
  void listings_arriveAsTheyWereSent() {
    requireSame(new Read.PageOf(query(false, 2, null)));
    requireSame(new Read.PageOf(query(true, 100, Bytes.ofUtf8("b"))));
    requireSame(
        new Read.PageOf(
            new ListQuery(
                KeyRange.ALL, false, 9, 99, true, Bytes.ofUtf8("/"), Bytes.EMPTY, 3, null)));
    requireSame(new Read.CountOf(KeyRange.ALL, 0));
    requireSame(new Read.CountOf(KeyRange.ofPrefix(Bytes.ofUtf8("a/")), 2));
  }

  @Test
  void leases_arriveAsTheyWereSent() {
    requireSame(new Read.LeaseOf(lease));
    requireSame(new Read.LeaseOf(lease + 1));
    requireSame(new Read.KeysOf(lease));
  }

  @Test
  void changes_arriveAsTheyWereSent() {
    requireSame(new Read.ChangesAfter(0, 3, 1_000));
    requireSame(new Read.ChangesAfter(store.revision(), 3, 1_000));
    requireSame(new Read.Newest());
    List<Event> events = store.changes(0, 100, 1 << 20).events();
    requireSame(new Read.Before(events, 1 << 20));
    requireSame(new Read.Before(events, 1));
  }

  @Test
  void failure_arrivesWithWhatAClientNeeds() {
    KeyValueException sent =
        KeyValueException.of(ErrorCode.COMPACTED, "Gone.")
            .withField("revision")
            .withLimit(7)
            .withCurrentRevision(9);

    KeyValueException came =
        catchThrowableOfType(
            KeyValueException.class,
            () -> ReadForm.answer(new Read.Newest(), ReadForm.failure(sent)));

    assertThat(came).hasMessage("Gone.");
    assertThat(came.code()).isEqualTo(ErrorCode.COMPACTED);
    assertThat(came.field()).isEqualTo("revision");
    assertThat(came.limit()).isEqualTo(7);
    assertThat(came.currentRevision()).isEqualTo(9);
  }

  @Test
  void unknownFormat_isRefused() {
    byte[] read = ReadForm.of(new Read.Newest());
    read[0] = 9;
    assertThatThrownBy(() -> ReadForm.read(read)).isInstanceOf(IllegalStateException.class);
  }

  private static ListQuery query(boolean descending, int limit, @Nullable Bytes after) {
    return new ListQuery(
        KeyRange.ALL, descending, limit, 1 << 20, false, null, Bytes.EMPTY, 0, after);
  }

  private <T> void requireSame(Read<T> read) {
    Read<?> came = ReadForm.read(ReadForm.of(read));
    assertThat(came).isEqualTo(read);
    assertThat(answer(read, read)).isEqualTo(read.from(store));
  }

  /** What the one who asked makes of the answer of the one who was asked. */
  private <T> T answer(Read<T> asked, Read<T> came) {
    return ReadForm.answer(asked, ReadForm.answer(came, came.from(store)));
  }
}
