package org.kvstore.server.shard;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.model.Revisions;

class PositionTest {
  /** Clients have kept such tokens. */
  @Test
  void token_ofOneShard_isAsItWasBeforeThereWereSeveral() {
    Position position = new Position(42, Revisions.of(7));

    assertThat(position.token()).isEqualTo("AQAAACoAAAAAAAAABw");
    assertThat(Position.parse("from", "AQAAACoAAAAAAAAABw")).isEqualTo(position);
  }

  @Test
  void token_ofSeveral_comesBack_andIsShort() {
    Position position = new Position(-1, Revisions.of(0, 1, 1_000_000, 1L << 40));

    assertThat(Position.parse("from", position.token())).isEqualTo(position);
    assertThat(position.token()).matches("[A-Za-z0-9_-]{1,24}");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "x", "!!", "AAAA", "AQAAACoAAAAAAAAAB2E", "AgAAACoA", "AgAAACoCAQ"})
  void parse_whatIsNone_isInvalid(String token) {
    assertThatThrownBy(() -> Position.parse("from", token))
        .isInstanceOf(KeyValueException.class)
        .hasMessageContaining("position");
  }
}
