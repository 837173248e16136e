package org.kvstore.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.kvstore.api.KeyRules;

/** Every valid key travels byte for byte, in one canonical form. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class KeyEncodingTest {
  private static final long SEED = 20260101;
  private final FakeServer server = new FakeServer();
  private final KeyValueClient kv = KeyValueClient.connect(server.uri().toString());

  @BeforeAll
  void warmUp() {
    assertThat(kv.isReady()).isTrue();
  }

  @AfterAll
  void close() {
    kv.close();
    server.close();
  }

  static Stream<String> awkwardKeys() {
    return Stream.of(
        "name",
        "a b",
        "100%",
        "%41",
        "%2F",
        "%2e%2e",
        "a%zz",
        "1+1",
        "a;b=c",
        "a;b/c;d",
        "what?",
        "a?b=c&d",
        "#1",
        "\"quoted\" 'too'",
        "a/b/c",
        "a/ /c",
        "...",
        "a/.../b",
        "..a",
        "a:b@c!$,()*=&",
        "[x]{y}|\\^`<>~",
        "{key}",
        "${a}{b}",
        "é",
        "e\u0301",
        "日本語",
        "😀/👩‍👩‍👧",
        "v1/kv/v1/kv/x",
        "v1/history/a;b/v1/kv/c;d",
        "http:/host/p",
        "x".repeat(1024),
        "é".repeat(512),
        "😀".repeat(256),
        " ",
        "\u00A0",
        "\uFEFFbom");
  }

  @ParameterizedTest
  @MethodSource("awkwardKeys")
  void everyMethod_awkwardKey_arrivesByteForByte(String key) {
    kv.put(key, "v");
    assertThat(server.store().range("")).containsOnlyKeys(key);
    assertThat(kv.get(key).map(Entry::text)).contains("v");
    assertThat(kv.head(key)).isPresent();
    assertThat(kv.getAsync(key).toCompletableFuture().join()).isPresent();
    assertThat(kv.list(KeyRange.prefix(key), ListOptions.defaults()).entries())
        .extracting(Entry::key)
        .containsExactly(key);
    assertThat(kv.delete(key)).isTrue();
    assertThat(server.store().range("")).isEmpty();
  }

  @Test
  void randomKeys_arriveByteForByte() {
    Random random = new Random(SEED);
    for (int i = 0; i < 300; i++) {
      String key = randomKey(random);
      kv.put(key, "v");
      assertThat(server.store().range("").keySet())
          .as("seed %d, key %d", SEED, i)
          .containsExactly(key);
      assertThat(kv.delete(key)).isTrue();
    }
  }

  private static String randomKey(Random random) {
    while (true) {
      StringBuilder key = new StringBuilder();
      int length = 1 + random.nextInt(12);
      for (int i = 0; i < length; i++) {
        int bound = random.nextBoolean() ? 0x80 : 0x20000;
        int codePoint = random.nextInt(bound);
        key.appendCodePoint(random.nextInt(6) == 0 ? '/' : codePoint);
      }
      if (KeyRules.violation(key.toString()).isEmpty()) {
        return key.toString();
      }
    }
  }

  @ParameterizedTest
  @CsvSource({
    "a/b, /v1/kv/a/b",
    "a;b, /v1/kv/a%3Bb",
    "a+b, /v1/kv/a%2Bb",
    "a%2Fb, /v1/kv/a%252Fb",
    "é=~, /v1/kv/%C3%A9%3D~"
  })
  void path_isCanonical(String key, String target) {
    kv.get(key);
    assertThat(server.requests()).last().isEqualTo("GET " + target);
  }

  @Test
  void server_withTrailingSlash_isTheSame() {
    try (KeyValueClient slash = KeyValueClient.connect(server.uri() + "/")) {
      slash.get("a/b");
      assertThat(server.requests()).last().isEqualTo("GET /v1/kv/a/b");
    }
  }

  @Test
  void server_behindAPath_keepsThePath() {
    try (KeyValueClient behind = KeyValueClient.connect(server.uri() + "/store")) {
      assertThat(behind.get("a;b")).isEmpty();
      assertThat(server.requests()).last().isEqualTo("GET /store/v1/kv/a%3Bb");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"a&b=c", "1+1 %20", "😀 {x}#?", "a/b;c\"'"})
  void prefix_awkward_arrivesByteForByte(String prefix) {
    assertThat(kv.count(KeyRange.prefix(prefix))).isZero();
    String target = server.requests().get(server.requests().size() - 1);
    assertThat(target).startsWith("GET /v1/kv?").contains("prefix=");
    String raw = target.replaceFirst(".*[?&]prefix=([^&]*).*", "$1");
    assertThat(URLDecoder.decode(raw, StandardCharsets.UTF_8)).isEqualTo(prefix);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "/a", "a/", "a//b", "..", "a/../b", ".", "a\u0000", "a\n"})
  void invalidKey_isRefusedBeforeSending(String key) {
    int before = server.requests().size();
    assertThatThrownBy(() -> kv.put(key, "v")).isInstanceOf(InvalidRequestException.class);
    assertThatThrownBy(() -> kv.get(key)).isInstanceOf(InvalidRequestException.class);
    assertThatThrownBy(() -> kv.delete(key)).isInstanceOf(InvalidRequestException.class);
    assertThat(server.requests()).hasSize(before);
  }
}
