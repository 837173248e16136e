package org.kvstore.server.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.kvstore.server.model.Bytes;
import org.kvstore.server.model.Key;
import org.kvstore.server.model.Lease;
import org.kvstore.server.model.Lease.Status;

/** The table of leases on disk, frozen as {@link RowsTest} says. */
class LeaseRowsTest {
  private static final Key KEY = Key.of("a/ü");
  private static final Lease LEASE = new Lease(300, 1_000, 1L << 40, 200);

  @Test
  void lease_golden() {
    assertHex(LeaseRows.lease(300), "6c000000000000012c");
    assertHex(LeaseRows.value(LEASE), "01e807808080808020c801");
    assertHex(LeaseRows.value(LEASE.of("ü")), "02e807808080808020c80102c3bc");
  }

  @Test
  void leaseOfSeveralShards_golden() {
    assertHex(
        LeaseRows.value(LEASE.withBranch(300).withBranch(2)),
        "03e807808080808020c801" + "00" + "00" + "02" + "02ac02");
    assertHex(
        LeaseRows.value(LEASE.of("ü").as(Status.ENDED)),
        "03e807808080808020c801" + "02c3bc" + "04" + "00");
    assertHex(LeaseRows.ending(300), "65000000000000012c");
  }

  @ParameterizedTest
  @EnumSource
  void leaseOfAnyStatus_comesBack(Status status) {
    Lease lease = LEASE.of("ann").as(status).withBranches(List.of(0, 300, Integer.MAX_VALUE));

    assertThat(LeaseRows.lease(300, LeaseRows.value(lease))).isEqualTo(lease);
  }

  @Test
  void key_golden() {
    assertHex(LeaseRows.key(300, KEY), "6b000000000000012c612fc3bc");
    assertHex(LeaseRows.keys(300), "6b000000000000012c");
  }

  @Test
  void time_golden() {
    assertHex(LeaseRows.time(LEASE), "740000010000000000000000000000012c");
    assertHex(LeaseRows.times(1L << 40), "740000010000000000");
  }

  @Test
  void lastLease_nameIsFrozen() {
    assertThat(Bytes.copyOf(StagedLeases.LAST_LEASE).toUtf8()).isEqualTo("lease");
  }

  @ParameterizedTest
  @ValueSource(longs = {0, 1, 127, 128, 1L << 40, Long.MAX_VALUE})
  void lease_numbersAtBoundaries_comeBack(long number) {
    Lease lease = new Lease(number, number, number, Integer.MAX_VALUE);

    assertThat(LeaseRows.lease(number, LeaseRows.value(lease))).isEqualTo(lease);
    Lease owned = lease.of("alice");
    assertThat(LeaseRows.lease(number, LeaseRows.value(owned))).isEqualTo(owned);
    assertThat(LeaseRows.timeOf(LeaseRows.time(lease))).isEqualTo(number);
    assertThat(LeaseRows.leaseOfTime(LeaseRows.time(lease))).isEqualTo(number);
    assertThat(LeaseRows.keyOf(LeaseRows.key(number, KEY))).isEqualTo(KEY);
  }

  @Test
  void isKeyOf_rowsOfOtherLeasesAndKinds_areToldApart() {
    assertThat(LeaseRows.isKeyOf(300, LeaseRows.key(300, KEY))).isTrue();
    assertThat(LeaseRows.isKeyOf(300, LeaseRows.key(301, KEY))).isFalse();
    assertThat(LeaseRows.isKeyOf(300, LeaseRows.lease(300))).isFalse();
    assertThat(LeaseRows.isKeyOf(300, LeaseRows.time(LEASE))).isFalse();
  }

  @Test
  void isEnding_rowsOfOtherKinds_areToldApart() {
    assertThat(LeaseRows.isEnding(LeaseRows.ending(300))).isTrue();
    assertThat(LeaseRows.leaseOfEnding(LeaseRows.ending(300))).isEqualTo(300);
    assertThat(LeaseRows.isEnding(LeaseRows.key(300, KEY))).isFalse();
  }

  @Test
  void rows_endingsThenKeysThenLeasesThenTimes_eachInOrder() {
    List<Bytes> rows =
        List.of(
            row(LeaseRows.ending(1)),
            row(LeaseRows.ending(2)),
            row(LeaseRows.keys(1)),
            row(LeaseRows.key(1, Key.of("a"))),
            row(LeaseRows.key(1, Key.of("b"))),
            row(LeaseRows.key(2, Key.of("a"))),
            row(LeaseRows.lease(1)),
            row(LeaseRows.lease(2)),
            row(LeaseRows.times(0)),
            row(LeaseRows.time(new Lease(9, 1, 100, 0))),
            row(LeaseRows.time(new Lease(1, 1, 200, 0))));
    assertThat(rows).isSorted();
  }

  @Test
  void unknownFormat_isRefused() {
    byte[] value = LeaseRows.value(LEASE);
    value[0] = 4;
    assertThatThrownBy(() -> LeaseRows.lease(300, value)).hasMessageContaining("format 4");
  }

  private static Bytes row(byte[] row) {
    return Bytes.takeOver(row);
  }

  private static void assertHex(byte[] bytes, String expected) {
    assertThat(HexFormat.of().formatHex(bytes)).isEqualTo(expected);
  }
}
