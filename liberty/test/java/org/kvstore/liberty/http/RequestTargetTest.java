package org.kvstore.liberty.http;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class RequestTargetTest {
  @ParameterizedTest
  @ValueSource(
      strings = {
        "/",
        "*",
        "/v1/kv/a%2Fb",
        "/v1/kv/a;b",
        "/v1/kv/a;/b",
        "/v1/kv/;",
        "/v1/kv/a/;b",
        "/v1/kv/...",
        "/v1/kv/a..b",
        "//health"
      })
  void isDispatchable_soundPath_isTrue(String path) {
    assertThat(RequestTarget.isDispatchable(path)).isTrue();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/v1/kv/%zz",
        "/v1/kv/%",
        "/v1/kv/%2",
        "/v1/kv/%00",
        "/v1/kv/%7F",
        "/v1/kv/a b",
        "/v1/kv/\u00e9",
        "/v1/kv/../x",
        "/v1/kv/%2e%2E",
        "/v1/kv/a%2F.%2Fb",
        "/v1/kv/;/b",
        "/v1/kv/%3B%2Fb",
        "/v1/kv/a/;x/b",
        "/v1/kv/..;x",
        "/v1/kv/a/.%3b/b",
        "/openapi;x"
      })
  void isDispatchable_whatLibertyWouldBendOrRefuse_isFalse(String path) {
    assertThat(RequestTarget.isDispatchable(path)).isFalse();
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "a=b&c", "revision=1&x=%20%0D%0A", "q=\"<>{}|"})
  void isVisible_query_isTrue(String query) {
    assertThat(RequestTarget.isVisible(query)).isTrue();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"a\r\nX: y", "a\n", "a\r", "\0", "a b", "\t", "\u007f", "\u0085", "\u010d"})
  void isVisible_controlsBlanksAndOthers_isFalse(String query) {
    assertThat(RequestTarget.isVisible(query)).isFalse();
  }
}
