package org.kvstore.client;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.kvstore.api.ErrorCode;

/** The table of what may be sent again after what. */
class RetryRuleTest {
  private static KeyValueException failure(ErrorCode code) {
    return KeyValueException.of(Failure.local(code.status(), code, code.title()), null);
  }

  @ParameterizedTest
  @CsvSource({
    "READ,        UNAVAILABLE,         ELSEWHERE",
    "NAMED_WRITE, UNAVAILABLE,         ELSEWHERE",
    "WRITE,       UNAVAILABLE,         ELSEWHERE",
    "READ,        TOO_MANY_REQUESTS,   LATER",
    "NAMED_WRITE, TOO_MANY_REQUESTS,   LATER",
    "WRITE,       TOO_MANY_REQUESTS,   LATER",
    "READ,        INDETERMINATE,       ELSEWHERE",
    "NAMED_WRITE, INDETERMINATE,       ELSEWHERE",
    "WRITE,       INDETERMINATE,       GIVE_UP",
    "READ,        NOT_FOUND,           GIVE_UP",
    "NAMED_WRITE, PRECONDITION_FAILED, GIVE_UP",
    "NAMED_WRITE, STORAGE_FULL,        GIVE_UP",
    "NAMED_WRITE, INTERNAL,            GIVE_UP"
  })
  void judge(RetryRule rule, ErrorCode code, RetryRule.Verdict verdict) {
    assertThat(rule.judge(failure(code))).isEqualTo(verdict);
  }

  @ParameterizedTest
  @CsvSource({"READ, ELSEWHERE_ONCE", "NAMED_WRITE, ELSEWHERE_ONCE", "WRITE, GIVE_UP"})
  void judge_whatIsNoAnswerOfTheService(RetryRule rule, RetryRule.Verdict verdict) {
    assertThat(rule.judge(KeyValueException.notTheService(404, "html", null))).isEqualTo(verdict);
  }

  @ParameterizedTest
  @EnumSource(
      names = {
        "UNAUTHENTICATED",
        "FORBIDDEN",
        "TOO_MANY_REQUESTS",
        "INTERNAL",
        "UNAVAILABLE",
        "INDETERMINATE",
        "STORAGE_FULL"
      })
  void settles_notWhatComesBeforeTheWriteIsLookedAt(ErrorCode code) {
    assertThat(RetryRule.settles(failure(code))).isFalse();
  }

  @ParameterizedTest
  @EnumSource(names = {"PRECONDITION_FAILED", "NOT_FOUND", "PATCH_FAILED", "TXN_INVALID"})
  void settles_whatIsRemembered(ErrorCode code) {
    assertThat(RetryRule.settles(failure(code))).isTrue();
  }

  @Test
  void settles_notWhatIsNoAnswerOfTheService() {
    assertThat(RetryRule.settles(KeyValueException.notTheService(404, "html", null))).isFalse();
  }
}
