package org.kvstore.server.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.kvstore.server.model.Comparison.Operand;
import org.kvstore.server.model.Comparison.Relation;
import org.kvstore.server.model.Comparison.Target;

class CommandTest {
  private static final int BYTES = 1 << 20;

  @Test
  void weight_ofATransaction_countsTheBytesOfItsComparisonsAndOfBothLists() {
    Command empty = new Command.Transact(List.of(), List.of(), List.of());
    Command compared = new Command.Transact(List.of(comparison()), List.of(), List.of());
    Command written =
        new Command.Transact(List.of(comparison(), comparison()), List.of(put()), List.of(put()));

    assertThat(empty.weight()).isPositive().isLessThan(BYTES);
    assertThat(compared.weight()).isBetween((long) BYTES, 2L * BYTES);
    assertThat(written.weight()).isBetween(4L * BYTES, 5L * BYTES);
  }

  @Test
  void weight_ofEveryOperation_isPositive() {
    Command reads =
        new Command.Transact(
            List.of(),
            List.of(new Operation.Get(Key.of("a")), new Operation.ListRange(KeyRange.ALL, 1)),
            List.of());
    Command none = new Command.Transact(List.of(), List.of(), List.of());

    assertThat(reads.weight()).isGreaterThan(none.weight());
  }

  private static Comparison comparison() {
    return new Comparison(
        Key.of("a"), Target.VALUE, Relation.EQUAL, new Operand(0, Bytes.takeOver(new byte[BYTES])));
  }

  private static Command.Put put() {
    return new Command.Put(
        Key.of("a"),
        Bytes.takeOver(new byte[BYTES]),
        "text/plain",
        new Lifetime.Forever(),
        Condition.NONE);
  }
}
