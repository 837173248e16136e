package org.kvstore.server.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.kvstore.server.model.Bytes;

class PercentEncodingTest {
  @Test
  void decode_escapes_areBytesOfUtf8() {
    assertThat(PercentEncoding.decode("a%20b%2Fc%C3%A9%F0%9F%8E%89;x+y", false))
        .isEqualTo("a b/cé🎉;x+y");
  }

  @Test
  void decode_ofAForm_readsPlusAsSpace() {
    assertThat(PercentEncoding.decode("a+b%2Bc", true)).isEqualTo("a b+c");
  }

  @Test
  void decode_rawBytesBeyondAscii_areUtf8() {
    String raw = new String("é".getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1);

    assertThat(PercentEncoding.decode(raw, false)).isEqualTo("é");
  }

  @ParameterizedTest
  @ValueSource(strings = {"%", "a%", "%2", "%zz", "%-1", "%ff", "%c3%28", "%c0%af", "%ed%a0%80"})
  void decode_malformed_isRefused(String raw) {
    assertThatThrownBy(() -> PercentEncoding.decode(raw, false))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void encodePath_anyText_decodesToItself() {
    Random random = new Random(7);
    for (int i = 0; i < 1_000; i++) {
      String text =
          random
              .ints(20, 1, Character.MAX_CODE_POINT)
              .filter(c -> c < Character.MIN_SURROGATE || c > Character.MAX_SURROGATE)
              .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
              .toString();

      String path = PercentEncoding.encodePath(Bytes.ofUtf8(text));

      assertThat(path).matches("[A-Za-z0-9._~/%-]*");
      assertThat(PercentEncoding.decode(path, false)).isEqualTo(text);
    }
  }
}
