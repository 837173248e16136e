package org.kvstore.server.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.kvstore.server.model.Bytes;
import org.kvstore.server.model.Entry;
import org.kvstore.server.model.Event;
import org.kvstore.server.model.Event.Reason;
import org.kvstore.server.model.Key;
import org.kvstore.server.model.Outcome;
import org.kvstore.server.store.RequestRows.Remembered;

/**
 * The disk format, frozen. When one of the golden bytes here has to change, files of released
 * servers can no longer be read: raise the format version instead.
 */
class RowsTest {
  private static final Key KEY = Key.of("a/ü");
  private static final Entry ENTRY =
      new Entry(KEY, Bytes.ofUtf8("GoLang"), "text/plain", 7, 300, 3, 1_000, 1L << 40, 5);

  @Test
  void current_golden() {
    assertHex(Rows.currentKey(KEY), "612fc3bc");
    assertHex(
        Rows.currentValue(ENTRY), "0107ac0203e807808080808020050a746578742f706c61696e476f4c616e67");
  }

  @Test
  void changes_golden() {
    Event put = new Event(300, 299, 1_000, Reason.CLIENT, KEY, ENTRY);
    Event delete = new Event(302, 301, 1_000, Reason.EXPIRED, KEY, null);
    assertHex(Rows.changeKey(300, KEY), "000000000000012c612fc3bc");
    assertHex(
        Rows.changeValue(put, Rows.currentValue(ENTRY)),
        "0101ab02e80700" + "0107ac0203e807808080808020050a746578742f706c61696e476f4c616e67");
    assertHex(Rows.changeValue(delete, new byte[0]), "0100ad02e80701");
  }

  @Test
  void versions_golden() {
    assertHex(Rows.versionKey(KEY.utf8(), 300), "612fc3bc007ffffffffffffed3");
    assertHex(Rows.versionValue(new Event(300, 200, 1_000, Reason.CLIENT, KEY, ENTRY)), "0101");
    assertHex(Rows.versionValue(new Event(300, 0, 1_000, Reason.LEASE, KEY, null)), "0100");
  }

  @Test
  void deadlines_golden() {
    assertHex(Rows.deadlineKey(1L << 40, KEY), "0000010000000000612fc3bc");
  }

  @Test
  void requests_golden() {
    assertHex(RequestRows.byName("id"), "6e6964");
    assertHex(RequestRows.byTime(1_000, "id"), "7400000000000003e86964");
    assertHex(
        value(new Outcome.Written(true, 7, 300, 3, 1_000, 0, 0)), "01e807026670010107ac0203e80700");
    assertHex(value(new Outcome.Deleted(300)), "01e80702667002ac02");
    assertHex(value(new Outcome.Missing()), "01e80702667003");
    assertHex(value(new Outcome.ConditionFailed(300)), "01e80702667004ac02");
    assertHex(value(new Outcome.RangeDeleted(300, null)), "01e80702667005ac02");
  }

  @Test
  void reasons_orderIsFrozen() {
    assertThat(Reason.values()).containsExactly(Reason.CLIENT, Reason.EXPIRED, Reason.LEASE);
  }

  @Test
  void tables_namesAreFrozen() {
    assertThat(Table.values())
        .extracting(table -> Bytes.copyOf(table.familyName()).toUtf8())
        .containsExactly(
            "default", "current", "changes", "versions", "deadlines", "leases", "requests");
  }

  @ParameterizedTest
  @ValueSource(
      longs = {0, 1, 127, 128, 16_383, 16_384, Integer.MAX_VALUE, 1L << 62, Long.MAX_VALUE})
  void entry_numbersAtBoundaries_comeBack(long number) {
    Entry entry = new Entry(KEY, Bytes.EMPTY, "", number, number, number, number, number, number);
    assertThat(Rows.currentEntry(KEY, Rows.currentValue(entry))).isEqualTo(entry);
    Event event = new Event(number, number, number, Reason.LEASE, KEY, entry);
    assertThat(
            Rows.changeEvent(
                Rows.changeKey(number, KEY),
                Rows.changeValue(event, Rows.currentValue(entry)),
                null))
        .isEqualTo(event);
    byte[] versionKey = Rows.versionKey(KEY.utf8(), number);
    assertThat(Rows.revisionOfVersion(versionKey)).isEqualTo(number);
    assertThat(Rows.keyOfVersion(versionKey)).isEqualTo(KEY);
    assertThat(Rows.changeKeyOfVersion(versionKey)).isEqualTo(Rows.changeKey(number, KEY));
    byte[] deadlineKey = Rows.deadlineKey(number, KEY);
    assertThat(Rows.timeOfDeadline(deadlineKey)).isEqualTo(number);
    assertThat(Rows.keyOfDeadline(deadlineKey)).isEqualTo(KEY);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 127, 128, 300, 1 << 20})
  void entry_valuesOfAnySize_comeBack(int size) {
    byte[] value = new byte[size];
    new Random(size).nextBytes(value);
    Entry entry = new Entry(KEY, Bytes.takeOver(value), "x".repeat(size % 1_000), 1, 2, 3, 4, 5, 6);
    assertThat(Rows.currentEntry(KEY, Rows.currentValue(entry))).isEqualTo(entry);
  }

  @Test
  void requests_everyOutcome_comesBack() {
    for (Outcome outcome :
        List.of(
            new Outcome.Written(false, 1, Long.MAX_VALUE, 3, 4, 5, 6),
            new Outcome.Deleted(Long.MAX_VALUE),
            new Outcome.Missing(),
            new Outcome.ConditionFailed(0),
            new Outcome.RangeDeleted(10_000, null))) {
      Remembered request = new Remembered(1_000, Bytes.ofUtf8("fp"), outcome);
      assertThat(RequestRows.remembered("id", RequestRows.value("id", request, null), null))
          .isEqualTo(request);
    }
  }

  @Test
  void versions_sortByKeyThenNewestFirst() {
    List<Bytes> rows =
        List.of(
            version("a", 2),
            version("a", 1),
            version("a!", 1),
            version("a/b", 9),
            version("ab", 1));
    assertThat(rows).isSorted();
  }

  @Test
  void unknownFormat_isRefused() {
    byte[] row = Rows.currentValue(ENTRY);
    row[0] = 2;
    assertThatThrownBy(() -> Rows.currentEntry(KEY, row)).hasMessageContaining("format 2");
  }

  private static Bytes version(String key, long revision) {
    return Bytes.takeOver(Rows.versionKey(Bytes.ofUtf8(key), revision));
  }

  private static byte[] value(Outcome outcome) {
    return RequestRows.value("id", new Remembered(1_000, Bytes.ofUtf8("fp"), outcome), null);
  }

  private static void assertHex(byte[] bytes, String expected) {
    assertThat(HexFormat.of().formatHex(bytes)).isEqualTo(expected);
  }
}
