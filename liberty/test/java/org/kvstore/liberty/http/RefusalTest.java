package org.kvstore.liberty.http;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.kvstore.api.ErrorCode;
import org.kvstore.liberty.http.Refusal.Code;

final class RefusalTest {
  @ParameterizedTest
  @EnumSource
  void code_each_isTheApplications(Code code) {
    ErrorCode known = ErrorCode.valueOf(code.name());

    assertThat(code.status()).isEqualTo(known.status());
    assertThat(code.title()).isEqualTo(known.title());
  }

  @Test
  void problem_badKey_namesTheKey() {
    assertThat(Refusal.of(Code.KEY_INVALID, "Bad.").problem("/v1/kv/%00", "id-1"))
        .contains("\"code\":\"KEY_INVALID\",\"field\":\"key\",");
  }

  @Test
  void problem_awkwardPath_isEscaped() {
    String problem = Refusal.of(Code.NOT_FOUND, "Nothing.").problem("/a\"\\\t", "id-1");

    assertThat(problem)
        .isEqualTo(
            "{\"type\":\"urn:kvstore:problem:NOT_FOUND\",\"title\":\"Not found\",\"status\":404,"
                + "\"detail\":\"Nothing.\",\"instance\":\"/a\\\"\\\\\\u0009\","
                + "\"code\":\"NOT_FOUND\",\"requestId\":\"id-1\"}");
  }
}
