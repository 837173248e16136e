package org.kvstore.it.history;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import jakarta.json.Json;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.kvstore.it.history.Action.CompareAndSet;
import org.kvstore.it.history.Action.Put;
import org.kvstore.it.history.Revision.Change;
import org.kvstore.it.support.Answer;

/** What was written against what is there: each way to lose, tear or repeat a write is seen. */
class WritesTest {
  private final List<Call> calls = new ArrayList<>();
  private final List<Revision> revisions = new ArrayList<>();

  @Test
  void acknowledgedAndUnknownWrites_thatAreWhole_areRight() {
    calls.add(put("a", 1, answer(201, 1)));
    calls.add(transaction(3, null));
    calls.add(put("lost", 5, null));
    revision(change("k", "a"));
    revision(change("x", "x3"), change("y", "y3"));
    check();
  }

  @Test
  void acknowledgedWriteThatIsLost_isSeen() {
    calls.add(put("a", 1, answer(201, 1)));
    assertWrong("an acknowledged write is in the store");
  }

  @Test
  void writeUnderAnotherRevisionThanWasTold_isSeen() {
    calls.add(put("a", 1, answer(201, 2)));
    revision(change("k", "a"));
    assertWrong("revision=2");
  }

  @Test
  void halfOfATransaction_isSeen() {
    calls.add(transaction(1, null));
    revision(change("x", "x1"));
    assertWrong("all puts of");
  }

  @Test
  void transactionInTwoRevisions_isSeen() {
    calls.add(transaction(1, null));
    revision(change("x", "x1"));
    revision(change("y", "y1"));
    assertWrong("all puts of");
  }

  @Test
  void transactionWithoutItsDelete_isSeen() {
    calls.add(transaction(1, null));
    revision(change("x", "x1"), change("y", "y1"));
    assertThatThrownBy(() -> Writes.of(calls).check(Set.of("z"), revisions))
        .isInstanceOf(AssertionError.class)
        .hasMessageContaining("all deletes of");
  }

  @Test
  void writesOfTwoInOneRevision_areSeen() {
    calls.add(put("a", 1, null));
    calls.add(transaction(3, null));
    revision(change("k", "a"), change("x", "x3"), change("y", "y3"));
    assertWrong("all puts of");
  }

  @Test
  void writeThatIsThereTwice_isSeen() {
    calls.add(put("a", 1, null));
    revision(change("k", "a"));
    revision(change("k", "a"));
    assertWrong("is there once");
  }

  @Test
  void refusedWriteThatIsThere_isSeen() {
    calls.add(put("a", 1, answer(412, 0)));
    revision(change("k", "a"));
    assertWrong("is in");
  }

  @Test
  void writeOfNobody_isSeen() {
    revision(change("k", "a"));
    assertWrong("the write of");
  }

  @Test
  void revisionsAgainstTheOrderOfTime_areSeen() {
    calls.add(put("a", 1, answer(201, 2)));
    calls.add(put("b", 3, answer(204, 1)));
    revision(change("k", "b"));
    revision(change("k", "a"));
    assertWrong("began later");
  }

  private void check() {
    Writes.of(calls).check(Set.of(), revisions);
  }

  private void assertWrong(String message) {
    assertThatThrownBy(this::check)
        .isInstanceOf(AssertionError.class)
        .hasMessageContaining(message);
  }

  private static Call put(String value, long time, @Nullable Answer answer) {
    return new Call(new Single(value, "k", new Put(value, 0)), time, time + 1, answer);
  }

  private static Call transaction(long time, @Nullable Answer answer) {
    Transaction transaction =
        new Transaction(
            "t", List.of("x", "y", "z"), new CompareAndSet(0, "x" + time), new Put("y" + time, 0));
    return new Call(transaction, time, time + 1, answer);
  }

  private static Answer answer(int status, long revision) {
    Map<String, List<String>> headers =
        revision == 0 ? Map.of() : Map.of("etag", List.of("\"" + revision + "\""));
    return new Answer("PUT", status, headers, new byte[0]);
  }

  private void revision(Change... changes) {
    revisions.add(new Revision(revisions.size() + 1L, List.of(changes)));
  }

  private static Change change(String key, String value) {
    return new Change(
        true, Json.createObjectBuilder().add("key", key).add("value", value).build(), "client");
  }
}
