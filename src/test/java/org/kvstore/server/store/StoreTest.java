package org.kvstore.server.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.Bytes;
import org.kvstore.server.model.Command;
import org.kvstore.server.model.Condition;
import org.kvstore.server.model.Entry;
import org.kvstore.server.model.Key;
import org.kvstore.server.model.KeyRange;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.model.Limits;
import org.kvstore.server.model.ListQuery;
import org.kvstore.server.model.Outcome;
import org.kvstore.server.model.Patch;
import org.kvstore.server.model.Submission;

class StoreTest {
  @TempDir Path directory;

  private Store store; // Set before each test.

  @BeforeEach
  void open() {
    store = Stores.create(directory);
  }

  @AfterEach
  void close() {
    store.close();
  }

  @Test
  void put_aboutToRaceWithAnother_onlyTheFirstOfOneTagWins() {
    store.apply(List.of(Writes.put("key", "v")));
    Entry read = store.get(Key.of("key"));
    Submission first = Writes.put("key", Bytes.ofUtf8("1"), Writes.unchanged(read));
    Submission second = Writes.put("key", Bytes.ofUtf8("2"), Writes.unchanged(read));

    List<Outcome> outcomes = store.apply(List.of(first, second));

    assertThat(outcomes.get(0)).isInstanceOf(Outcome.Written.class);
    assertThat(outcomes.get(1)).isEqualTo(new Outcome.ConditionFailed(2));
  }

  @Test
  void apply_group_isTimedOnce() {
    store.apply(List.of(Writes.put("key", "v"), Writes.put("other", "v")));

    assertThat(store.syncs().count()).isEqualTo(1);
    assertThat(store.syncs().sum()).isPositive();
  }

  /** Asking a database that is closed would end the process. */
  @Test
  void statistics_whileTheStoreCloses_areRefused() {
    for (int round = 0; round < 20; round++) {
      CompletableFuture<Void> scraper =
          CompletableFuture.runAsync(
              () -> {
                while (true) {
                  store.statistics();
                }
              });
      store.close();
      assertThatThrownBy(scraper::join)
          .hasCauseInstanceOf(KeyValueException.class)
          .hasMessageContaining("store");
      store = Stores.open(directory);
    }
  }

  @Test
  void expire_deadlineAddedBelowThoseThatWereLookedAt_isFound() {
    store.apply(List.of(Writes.putUntil("late", "v", Writes.NOW + 10_000)));
    store.apply(List.of(Writes.expire(Writes.NOW, 10)));

    store.apply(List.of(Writes.putUntil("early", "v", Writes.NOW + 2_000)));

    assertThat(store.isDue(Writes.NOW + 1_999)).isFalse();
    assertThat(store.isDue(Writes.NOW + 2_000)).isTrue();
    assertThat(store.apply(List.of(Writes.expire(Writes.NOW + 2_000, 10))))
        .containsExactly(new Outcome.Expired(1, false));
  }

  @Test
  void namedRequest_repeatedAfterReopening_isAnsweredAsTheFirstTime() {
    Submission named = Writes.named(Writes.put("key", "v"), "name", "fingerprint");
    Outcome first = store.apply(List.of(named)).get(0);
    store.close();
    store = Stores.open(directory);

    assertThat(store.apply(List.of(Writes.at(named, Writes.NOW + 599_999)))).containsExactly(first);
    assertThat(store.revision()).isEqualTo(1);
  }

  @Test
  void namedRequest_nameUsedForAnotherOne_isToldApart() {
    store.apply(List.of(Writes.named(Writes.put("key", "v"), "name", "one")));

    assertThat(store.apply(List.of(Writes.named(Writes.put("key", "w"), "name", "other"))))
        .containsExactly(new Outcome.NameReused());
  }

  @Test
  void namedRequest_memoryIsOver_isAppliedAgain() {
    Submission named = Writes.named(Writes.put("key", "v"), "name", "fingerprint");
    store.apply(List.of(named));

    store.apply(List.of(Writes.at(named, Writes.NOW + 600_000)));

    assertThat(store.revision()).isEqualTo(2);
  }

  @Test
  void expire_inTheGroupOfThePut_isTheSameAsInAnother() {
    List<Outcome> outcomes =
        store.apply(
            List.of(
                Writes.putUntil("key", "v", Writes.NOW + 10), Writes.expire(Writes.NOW + 10, 9)));

    assertThat(outcomes.get(1)).isEqualTo(new Outcome.Expired(1, false));
    assertThat(store.get(Key.of("key"))).isNull();
  }

  @Test
  void apply_commandCannotBeEvaluated_nothingOfItsGroupIsApplied() {
    store.close();
    Stores.poison(directory, Key.of("poisoned"));
    store = Stores.open(directory);

    assertThatThrownBy(
            () -> store.apply(List.of(Writes.put("key", "v"), Writes.put("poisoned", "v"))))
        .extracting("code")
        .isEqualTo(ErrorCode.INTERNAL);

    assertThat(store.get(Key.of("key"))).isNull();
    assertThat(store.hasFailed()).isFalse();
    assertThat(store.apply(List.of(Writes.put("key", "v")))).hasSize(1);
  }

  @Test
  void apply_evaluationDiesAfterAnExpiry_whatIsDueIsFoundAfterwards() {
    store.close();
    Patcher dies =
        (patch, before) -> {
          throw new StackOverflowError();
        };
    store =
        Store.open(
            Stores.options(directory), Limits.DEFAULT, false, new Store.Hooks(events -> {}, dies));
    store.apply(List.of(Writes.putUntil("key", "v", Writes.NOW + 10)));
    Patch patch = new Patch(Patch.Kind.INCREMENT, Bytes.ofUtf8("{}"));
    Submission modify =
        new Submission(
            new Command.Modify(Key.of("other"), patch, Condition.NONE), Writes.NOW + 10, null);

    assertThatThrownBy(() -> store.apply(List.of(Writes.expire(Writes.NOW + 10, 9), modify)))
        .extracting("code")
        .isEqualTo(ErrorCode.INTERNAL);

    assertThat(store.isDue(Writes.NOW + 10)).isTrue();
    assertThat(store.apply(List.of(Writes.expire(Writes.NOW + 10, 9))))
        .containsExactly(new Outcome.Expired(1, false));
  }

  @Test
  void list_keysOnly_holdsNoValues() {
    store.apply(List.of(Writes.put("a", "value"), Writes.put("b", "value")));

    assertThat(store.list(query(true, 0)).entries())
        .extracting(entry -> entry.value().size())
        .containsExactly(0, 0);
    assertThat(store.list(query(true, 1)).entries())
        .extracting(entry -> entry.value().size())
        .containsExactly(0);
  }

  @Test
  void deleteRange_whatItFinds_holdsNoValues() {
    store.apply(List.of(Writes.put("a", "value"), Writes.put("b", "value")));
    store.close();
    try (Database database = Database.open(directory, Stores.options(directory), false)) {
      View view = new View(database, 2, 0);
      try {
        Staging staging = new Staging(database, new EntryCache(0), view, new QueueHeads(false));
        assertThat(staging.first(KeyRange.ALL, 10))
            .extracting(entry -> entry.value().size())
            .containsExactly(0, 0);
      } finally {
        view.release();
      }
    }
  }

  @Test
  void count_moreThanOneStepOfKeys_countsThemAllNowAndThen() {
    for (int i = 0; i < 25; i++) {
      List<Submission> group = new ArrayList<>();
      for (int j = 0; j < 1_000; j++) {
        group.add(Writes.put("key " + (i * 1_000 + j), ""));
      }
      store.apply(group);
    }
    assertThat(store.count(KeyRange.ALL, 0).keys()).isEqualTo(25_000);
    assertThat(store.count(KeyRange.ALL, 24_999).keys()).isEqualTo(24_999);
  }

  @Test
  void getAt_revisionInTheFuture_requestInvalid() {
    assertThatThrownBy(() -> store.getAt(Key.of("key"), 1))
        .isInstanceOf(KeyValueException.class)
        .extracting("code", "limit")
        .containsExactly(ErrorCode.REQUEST_INVALID, 0L);
  }

  @Test
  void apply_nothingChanges_listenerHearsNothing() {
    store.close();
    List<Object> heard = new ArrayList<>();
    store = Stores.open(directory, Limits.DEFAULT, false, heard::add);

    store.apply(List.of(Writes.named(Writes.delete("missing"), "name", "fingerprint")));

    assertThat(heard).isEmpty();
  }

  @Test
  void apply_afterClose_unavailable() {
    store.close();

    assertThatThrownBy(() -> store.apply(List.of(Writes.put("key", "v"))))
        .extracting("code")
        .isEqualTo(ErrorCode.UNAVAILABLE);
  }

  private static ListQuery query(boolean keysOnly, long revision) {
    return new ListQuery(
        KeyRange.ALL, false, 10, 1_000, keysOnly, null, Bytes.EMPTY, revision, null);
  }
}
