package org.kvstore.server.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.kvstore.server.model.Bytes;
import org.kvstore.server.model.KeyValueException;

class CursorTest {
  @Test
  void parse_ownToken_givesItBack() {
    Cursor cursor = new Cursor(42, 7, Bytes.ofUtf8("a/é"));

    assertThat(Cursor.parse(cursor.token(), 42)).isEqualTo(cursor);
    assertThat(cursor.token()).matches("[A-Za-z0-9_-]+");
  }

  @Test
  void parse_tokenOfAnotherQuery_isInvalid() {
    String token = new Cursor(42, 7, Bytes.ofUtf8("a")).token();

    assertThatThrownBy(() -> Cursor.parse(token, 43)).isInstanceOf(KeyValueException.class);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "x", "!!", "AAAA", "AQAAACoAAAAAAAAAAAA", "AgAAACoAAAAAAAAAB2E"})
  void parse_malformedToken_isInvalid(String token) {
    assertThatThrownBy(() -> Cursor.parse(token, 42)).isInstanceOf(KeyValueException.class);
  }
}
