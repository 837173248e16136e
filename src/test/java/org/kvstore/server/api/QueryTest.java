package org.kvstore.server.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.KeyValueException;

class QueryTest {
  private static final Set<String> KNOWN = Set.of("a", "b");

  @Test
  void parse_pairs_areDecoded() {
    Query query = Query.parse("a=x%20y+z&b", KNOWN);

    assertThat(query.text("a")).isEqualTo("x y z");
    assertThat(query.flag("b")).isTrue();
  }

  @Test
  void parse_nothing_hasNothing() {
    assertThat(Query.parse(null, KNOWN).has("a")).isFalse();
    assertThat(Query.parse("", KNOWN).flag("a")).isFalse();
  }

  @ParameterizedTest
  @ValueSource(strings = {"c=1", "a=1&a=1", "=1", "a=%zz", "a=%ff", "A=1"})
  void parse_whatIsNotKnownOrTwiceOrMalformed_isInvalid(String raw) {
    assertThatThrownBy(() -> Query.parse(raw, KNOWN))
        .isInstanceOfSatisfying(
            KeyValueException.class,
            e -> assertThat(e.code()).isEqualTo(ErrorCode.REQUEST_INVALID));
  }

  @ParameterizedTest
  @ValueSource(strings = {"-1", "0", "11", "1.5", "", "x", "9999999999999999999"})
  void number_outsideItsBounds_namesTheLimit(String value) {
    Query query = Query.parse("a=" + value, KNOWN);

    assertThatThrownBy(() -> query.number("a", 5, 1, 10))
        .isInstanceOfSatisfying(
            KeyValueException.class,
            e -> {
              assertThat(e.field()).isEqualTo("a");
              assertThat(e.limit()).isEqualTo(10);
            });
  }

  @Test
  void number_onItsBounds_isRead() {
    assertThat(Query.parse("a=1&b=10", KNOWN).number("a", 5, 1, 10)).isEqualTo(1);
    assertThat(Query.parse("a=1&b=10", KNOWN).number("b", 5, 1, 10)).isEqualTo(10);
    assertThat(Query.parse("", KNOWN).number("b", 5, 1, 10)).isEqualTo(5);
  }

  @ParameterizedTest
  @ValueSource(strings = {"0s", "-1s", "PT0S", "-PT5S", "soon", ""})
  void duration_notAboveZero_isInvalid(String value) {
    Query query = Query.parse("a=" + value, KNOWN);

    assertThatThrownBy(() -> query.duration("a")).isInstanceOf(KeyValueException.class);
  }

  @Test
  void duration_aboveZero_isRead() {
    assertThat(Query.parse("a=30s", KNOWN).duration("a")).isEqualTo(Duration.ofSeconds(30));
  }

  @Test
  void flag_otherThanTrueOrFalse_isInvalid() {
    Query query = Query.parse("a=yes", KNOWN);

    assertThatThrownBy(() -> query.flag("a")).isInstanceOf(KeyValueException.class);
  }
}
