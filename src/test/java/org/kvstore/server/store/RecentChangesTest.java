package org.kvstore.server.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.kvstore.server.model.Bytes;
import org.kvstore.server.model.Entry;
import org.kvstore.server.model.Event;
import org.kvstore.server.model.Event.Reason;
import org.kvstore.server.model.Key;

class RecentChangesTest {
  private static final int MUCH = Integer.MAX_VALUE;

  /** What an event with an empty value takes. */
  private static final long EVENT_BYTES = 203;

  private final RecentChanges recent = new RecentChanges(3 * EVENT_BYTES, 10);

  @Test
  void after_nothingAdded_knowsTheRevisionItBeganWith() {
    assertThat(recent.newest()).isEqualTo(10);
    assertThat(recent.after(10, MUCH, MUCH)).isEqualTo(new Changes(List.of(), 10));
    assertThat(recent.after(9, MUCH, MUCH)).isNull();
  }

  @Test
  void after_revisionInsideACommit_bringsTheRestOfIt() {
    recent.add(List.of(event(11, 0), event(12, 0), event(13, 0)));

    assertThat(recent.after(11, MUCH, MUCH))
        .isEqualTo(new Changes(List.of(event(12, 0), event(13, 0)), 13));
  }

  @Test
  void after_enoughEvents_endsWithAWholeRevision() {
    recent.add(List.of(event(11, 0), event(11, 1), event(12, 0)));

    assertThat(recent.after(10, 1, MUCH))
        .isEqualTo(new Changes(List.of(event(11, 0), event(11, 1)), 11));
  }

  @Test
  void after_enoughBytes_endsWithAWholeRevision() {
    recent.add(List.of(event(11, 0)));
    recent.add(List.of(event(12, 0)));

    assertThat(recent.after(10, MUCH, 1)).isEqualTo(new Changes(List.of(event(11, 0)), 11));
  }

  @Test
  void after_newerThanAllThatWasHeard_bringsNothing() {
    assertThat(recent.after(12, MUCH, MUCH)).isEqualTo(new Changes(List.of(), 12));
  }

  @Test
  void add_noRoomLeft_theOldestCommitGoes() {
    for (long revision = 11; revision <= 14; revision++) {
      recent.add(List.of(event(revision, 0)));
    }

    assertThat(recent.after(10, MUCH, MUCH)).isNull();
    assertThat(Objects.requireNonNull(recent.after(11, MUCH, MUCH)).events()).hasSize(3);
  }

  @Test
  void add_commitLargerThanAllRoom_isNotKept() {
    recent.add(List.of(event(11, 0), event(12, 0), event(13, 0), event(14, 0)));

    assertThat(recent.newest()).isEqualTo(14);
    assertThat(recent.after(13, MUCH, MUCH)).isNull();
    assertThat(recent.after(14, MUCH, MUCH)).isEqualTo(new Changes(List.of(), 14));
  }

  @Test
  void add_afterAGap_whatIsBeforeItHasToBeReadFromDisk() {
    recent.add(List.of(event(11, 0)));

    recent.add(List.of(event(13, 0)));

    assertThat(recent.after(10, MUCH, MUCH)).isNull();
    assertThat(recent.after(11, MUCH, MUCH)).isNull();
    assertThat(recent.after(12, MUCH, MUCH)).isEqualTo(new Changes(List.of(event(13, 0)), 13));
  }

  @Test
  void skip_goneOnMeanwhile_changesNothing() {
    recent.add(List.of(event(11, 0)));

    recent.skip(10, 12);

    assertThat(recent.newest()).isEqualTo(11);
    assertThat(recent.after(10, MUCH, MUCH)).isEqualTo(new Changes(List.of(event(11, 0)), 11));
  }

  @Test
  void skip_ofACommitThatIsToldLater_leavesItToTheDisk() {
    recent.skip(10, 11);
    recent.add(List.of(event(11, 0)));
    assertThat(recent.after(10, MUCH, MUCH)).as("as if it had no events").isNull();

    recent.add(List.of(event(12, 0)));
    assertThat(recent.after(10, MUCH, MUCH)).isNull();
    assertThat(recent.after(11, MUCH, MUCH)).isEqualTo(new Changes(List.of(event(12, 0)), 12));
  }

  /** One adds, with gaps, while another follows: it never finds a hole in what it is shown. */
  @Test
  @Timeout(60)
  void after_whileAnotherThreadAdds_showsNoHole() throws Exception {
    AtomicBoolean done = new AtomicBoolean();
    Random random = new Random(1);
    Thread adding =
        new Thread(
            () -> {
              for (long revision = 11; revision < 200_000; ) {
                revision += random.nextInt(100) == 0 ? 1 : 0;
                List<Event> commit = new ArrayList<>();
                for (int size = 1 + random.nextInt(2); size > 0; size--) {
                  commit.add(event(revision++, 0));
                }
                recent.add(commit);
              }
              done.set(true);
            });
    adding.start();
    String hole = null;
    while (!done.get() && hole == null) {
      long from = Math.max(10, recent.newest() - 2);
      hole = hole(from, recent.after(from, 5, MUCH));
    }
    adding.join();
    assertThat(hole).isNull();
  }

  /** With a gap before a commit, what is at and after it may be shown to those behind the gap. */
  private static @Nullable String hole(long from, @Nullable Changes changes) {
    if (changes == null) {
      return null;
    }
    long expected = from + 1;
    for (Event event : changes.events()) {
      if (event.revision() != expected++) {
        return "%d comes after %d".formatted(event.revision(), expected - 2);
      }
    }
    return changes.upTo() == expected - 1
        ? null
        : "up to %d, but the last one is %d".formatted(changes.upTo(), expected - 1);
  }

  private static Event event(long revision, int index) {
    Key key = Key.of("ke" + index);
    Entry entry = new Entry(key, Bytes.EMPTY, "", 1, revision, 1, 0, 0, 0);
    return new Event(revision, 0, 0, Reason.CLIENT, key, entry);
  }
}
