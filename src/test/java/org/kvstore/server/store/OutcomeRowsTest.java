package org.kvstore.server.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.Bytes;
import org.kvstore.server.model.Entry;
import org.kvstore.server.model.Key;
import org.kvstore.server.model.Lease;
import org.kvstore.server.model.Outcome;

/** How outcomes are remembered on disk, frozen as {@link RowsTest} says. */
class OutcomeRowsTest {
  private static final Entry ENTRY =
      new Entry(Key.of("a/ü"), Bytes.ofUtf8("Go"), "text/plain", 7, 300, 3, 1_000, 1L << 40, 5);
  private static final String ENTRY_HEX =
      "04612fc3bc" + "1b" + "0107ac0203e807808080808020050a746578742f706c61696e476f";
  private static final Outcome.Written WRITTEN = new Outcome.Written(true, 7, 300, 3, 1_000, 0, 0);
  private static final String WRITTEN_HEX = "0107ac0203e80700";

  @Test
  void written_golden() {
    assertHex(WRITTEN, "01" + WRITTEN_HEX);
  }

  @Test
  void written_onALease_golden() {
    assertHex(new Outcome.Written(false, 7, 300, 3, 1_000, 0, 300), "01" + "0207ac0203e80700ac02");
  }

  @Test
  void modified_golden() {
    assertHex(
        new Outcome.Modified(WRITTEN, Bytes.ofUtf8("42"), "text/plain"),
        "06" + WRITTEN_HEX + "023432" + "0a746578742f706c61696e");
  }

  @Test
  void transacted_golden() {
    assertHex(
        new Outcome.Transacted(
            true, 300, List.of(WRITTEN, new Outcome.Deleted(300), new Outcome.Missing())),
        "0701ac0203" + "01" + WRITTEN_HEX + "02ac02" + "03");
  }

  @Test
  void found_golden() {
    assertHex(new Outcome.Found(ENTRY), "08" + ENTRY_HEX);
  }

  @Test
  void listed_golden() {
    assertHex(new Outcome.Listed(List.of(ENTRY), true), "090101" + ENTRY_HEX);
  }

  @Test
  void leased_golden() {
    assertHex(new Outcome.Leased(new Lease(5, 1_000, 300, 2)), "0a05e807ac0202");
  }

  @Test
  void leased_ofAnOwner_golden() {
    assertHex(
        new Outcome.Leased(new Lease(5, 1_000, 300, 2, "ann")),
        "1205" + "0a" + "02e807ac020203616e6e");
  }

  @Test
  void ending_golden() {
    Lease ending = new Lease(5, 1_000, 300, 0).as(Lease.Status.ENDING).withBranch(1);
    assertHex(new Outcome.Ending(ending, 300), "1305" + "0a" + "03e807ac020000030101" + "ac02");
  }

  @Test
  void noBranch_golden() {
    assertHex(new Outcome.NoBranch(300, null), "14ac0200");
    assertHex(new Outcome.NoBranch(300, "ann"), "14ac020103616e6e");
  }

  @Test
  void revoked_golden() {
    assertHex(new Outcome.Revoked(300), "0bac02");
  }

  @Test
  void compacted_golden() {
    assertHex(new Outcome.Compacted(300), "0cac02");
  }

  @Test
  void rejected_golden() {
    assertHex(
        new Outcome.Rejected(ErrorCode.NOT_FOUND, "gone", "lease", -1),
        "0d" + "094e4f545f464f554e44" + "04676f6e65" + "056c65617365" + "ffffffffffffffffff01");
  }

  @Test
  void operationRefused_golden() {
    assertHex(
        new Outcome.OperationRefused(true, 5, new Outcome.ConditionFailed(300)),
        "0e0105" + "04ac02");
  }

  static Stream<Outcome> outcomes() {
    return Stream.of(
        new Outcome.Modified(WRITTEN, Bytes.takeOver(new byte[300]), ""),
        new Outcome.Written(true, 7, 7, 1, 1_000, 0, Long.MAX_VALUE),
        new Outcome.Modified(
            new Outcome.Written(false, 7, 8, 2, 1_000, 0, 5), Bytes.ofUtf8("42"), "text/plain"),
        new Outcome.Transacted(false, 0, List.of()),
        new Outcome.Transacted(
            true,
            Long.MAX_VALUE,
            List.of(
                new Outcome.Found(ENTRY),
                new Outcome.Listed(List.of(ENTRY, ENTRY), false),
                new Outcome.Listed(List.of(), true),
                WRITTEN)),
        new Outcome.RangeDeleted(1, Bytes.ofUtf8("next")),
        new Outcome.RangeDeleted(0, null),
        new Outcome.Expired(1_000, true),
        new Outcome.NameReused(),
        new Outcome.Leased(new Lease(Long.MAX_VALUE, 86_400_000, Long.MAX_VALUE, 10_000)),
        new Outcome.Revoked(0),
        new Outcome.OperationRefused(
            false, 127, new Outcome.Rejected(ErrorCode.NOT_FOUND, "gone", "lease", -1)),
        new Outcome.Compacted(Long.MAX_VALUE),
        new Outcome.Rejected(ErrorCode.TOO_LARGE, "größer", "", Integer.MAX_VALUE));
  }

  @ParameterizedTest
  @MethodSource("outcomes")
  void anyOutcome_comesBack(Outcome outcome) {
    byte[] row = OutcomeRows.write(new Encoder(1), outcome).toArray();

    assertThat(OutcomeRows.read(new Decoder(row))).isEqualTo(outcome);
  }

  @ParameterizedTest
  @MethodSource("everyErrorCode")
  void rejected_withAnyErrorCode_comesBack(ErrorCode code) {
    Outcome rejected = new Outcome.Rejected(code, "detail", "field", 1);
    byte[] row = OutcomeRows.write(new Encoder(1), rejected).toArray();

    assertThat(OutcomeRows.read(new Decoder(row))).isEqualTo(rejected);
  }

  static Stream<ErrorCode> everyErrorCode() {
    return Stream.of(ErrorCode.values());
  }

  @Test
  void read_unknownKind_isRefused() {
    assertThatThrownBy(() -> OutcomeRows.read(new Decoder(new byte[] {99})))
        .hasMessageContaining("There is no outcome of kind 99.");
  }

  private static void assertHex(Outcome outcome, String expected) {
    byte[] row = OutcomeRows.write(new Encoder(1), outcome).toArray();
    assertThat(HexFormat.of().formatHex(row)).isEqualTo(expected);
    assertThat(OutcomeRows.read(new Decoder(row))).isEqualTo(outcome);
  }
}
