package org.kvstore.it.history;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import jakarta.json.Json;
import jakarta.json.JsonObject;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.kvstore.it.history.Revision.Change;

/**
 * A stream of events that has a gap, a doubling or half a revision is not taken for a whole one.
 */
class ChangeLogTest {
  private final ChangeLog log = new ChangeLog(0);

  @Test
  void wholeStream_addsUpToTheStore() {
    append(1, put("a", 1, 1, 1, ""), put("b", 1, 1, 1, "7"));
    append(2, put("a", 2, 1, 2, "7"));
    append(3, delete("a", 3, "lease"), delete("b", 3, "lease"));
    append(4, put("a", 4, 4, 1, ""));
    assertThat(log.entries()).containsOnlyKeys("a");
    assertThat(log.revision()).isEqualTo(4);
  }

  @Test
  void gap_isSeen() {
    append(1, put("a", 1, 1, 1, ""));
    assertWrong("the revision after 1", 3, put("a", 3, 1, 2, ""));
  }

  @Test
  void doubling_isSeen() {
    append(1, put("a", 1, 1, 1, ""));
    assertWrong("the revision after 1", 1, put("a", 1, 1, 1, ""));
  }

  @Test
  void keyTwiceInOneRevision_isSeen() {
    assertWrong("one change of a", 1, put("a", 1, 1, 1, ""), put("a", 1, 1, 1, ""));
  }

  @Test
  void missedWrite_isSeen() {
    append(1, put("a", 1, 1, 1, ""));
    assertWrong("version", 2, put("a", 2, 1, 3, ""));
  }

  @Test
  void missedDelete_isSeen() {
    append(1, put("a", 1, 1, 1, ""));
    assertWrong("createRevision", 2, put("a", 2, 2, 1, ""));
  }

  @Test
  void deleteOfNothing_isSeen() {
    assertWrong("the entry that", 1, delete("a", 1, "client"));
  }

  @Test
  void halfTheEndOfALease_isSeen() {
    append(1, put("a", 1, 1, 1, "7"), put("b", 1, 1, 1, "7"));
    assertWrong("hang on a lease that has ended", 2, delete("a", 2, "lease"));
  }

  private void append(long number, Change... changes) {
    log.append(new Revision(number, List.of(changes)));
  }

  private void assertWrong(String message, long number, Change... changes) {
    assertThatThrownBy(() -> append(number, changes))
        .isInstanceOf(AssertionError.class)
        .hasMessageContaining(message);
  }

  private static Change put(String key, long revision, long created, long version, String lease) {
    JsonObject entry =
        Json.createObjectBuilder()
            .add("key", key)
            .add("createRevision", created)
            .add("modRevision", revision)
            .add("version", version)
            .add("lease", lease)
            .build();
    return new Change(true, entry, "client");
  }

  private static Change delete(String key, long revision, String reason) {
    JsonObject entry =
        Json.createObjectBuilder().add("key", key).add("modRevision", revision).build();
    return new Change(false, entry, reason);
  }
}
