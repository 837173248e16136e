package org.kvstore.api;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class KeyRulesTest {

  static Stream<String> validKeys() {
    return Stream.of(
        "a",
        "a/b",
        " ",
        "...",
        ".a",
        "a.",
        "..a/b..",
        "a;b?c#d%e+f",
        "%2F",
        "e\u0301",
        "😀",
        "\u00A0",
        "x".repeat(1024),
        "é".repeat(512),
        "😀".repeat(256));
  }

  @ParameterizedTest
  @MethodSource("validKeys")
  void valid(String key) {
    assertThat(KeyRules.violation(key)).isEmpty();
  }

  static Stream<Arguments> invalidKeys() {
    return Stream.of(
        Arguments.of("", "at least 1 byte"),
        Arguments.of("x".repeat(1025), "at most 1024"),
        Arguments.of("é".repeat(512) + "x", "at most 1024"),
        Arguments.of("😀".repeat(256) + "x", "at most 1024"),
        Arguments.of("x".repeat(100_000), "at most 1024"),
        Arguments.of("/a", "segment"),
        Arguments.of("a/", "segment"),
        Arguments.of("a//b", "segment"),
        Arguments.of("/", "segment"),
        Arguments.of(".", "segment"),
        Arguments.of("..", "segment"),
        Arguments.of("a/./b", "segment"),
        Arguments.of("a/..", "segment"),
        Arguments.of("a\u0000", "U+0000"),
        Arguments.of("a\nb", "U+000A at index 1"),
        Arguments.of("\u007f", "U+007F"),
        Arguments.of("\u0085", "U+0085"),
        Arguments.of("a\ud800", "unpaired surrogate"),
        Arguments.of("\udc00a", "unpaired surrogate"));
  }

  @ParameterizedTest
  @MethodSource("invalidKeys")
  void invalid_namesTheBrokenRule(String key, String rule) {
    assertThat(KeyRules.violation(key).orElseThrow()).contains(rule);
  }

  @ParameterizedTest
  @ValueSource(ints = {0x7f, 0x80, 0x7ff, 0x800, 0xffff, 0x10000})
  void length_isCountedInBytesOfUtf8(int codePoint) {
    String character = Character.toString(codePoint == 0x7f || codePoint == 0x80 ? 'a' : codePoint);
    int bytes = character.getBytes(StandardCharsets.UTF_8).length;
    String longest = character.repeat(1024 / bytes) + "a".repeat(1024 % bytes);
    assertThat(KeyRules.violation(longest)).isEmpty();
    assertThat(KeyRules.violation(longest + "a")).isPresent();
  }
}
