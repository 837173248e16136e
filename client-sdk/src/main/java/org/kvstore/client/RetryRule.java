package org.kvstore.client;

import org.jspecify.annotations.Nullable;
import org.kvstore.api.ErrorCode;

/**
 * Which requests may be sent again after which failures. What was certainly not applied may always
 * be; what may have been applied may be if it changes nothing, or if it has a name by which the
 * service knows it again and answers what it answered first.
 */
enum RetryRule {
  /** A request that changes nothing. */
  READ(Transport.READ, true),
  /** A write with an Idempotency-Key. */
  NAMED_WRITE(Transport.WRITE, true),
  /** A write without one. */
  WRITE(Transport.WRITE, false);

  private final Transport transport;
  private final boolean repeatable;

  RetryRule(Transport transport, boolean repeatable) {
    this.transport = transport;
    this.repeatable = repeatable;
  }

  /** What follows from a failure. */
  enum Verdict {
    /** The caller is told. */
    GIVE_UP,
    /** Another node may do it at once; this one rests. */
    ELSEWHERE,
    /** As before, but if no node answers as the service does, each is asked once only. */
    ELSEWHERE_ONCE,
    /** The service is asked to be given time: the same request later, anywhere. */
    LATER
  }

  static RetryRule ofWrite(@Nullable String name) {
    return name == null ? WRITE : NAMED_WRITE;
  }

  /** What the failures of the transport mean. */
  Transport transport() {
    return transport;
  }

  Verdict judge(KeyValueException failure) {
    ErrorCode code = failure.code().orElse(null);
    if (code == ErrorCode.UNAVAILABLE) {
      return Verdict.ELSEWHERE;
    }
    if (code == ErrorCode.TOO_MANY_REQUESTS) {
      return Verdict.LATER;
    }
    if (code == ErrorCode.INDETERMINATE) {
      return repeatable ? Verdict.ELSEWHERE : Verdict.GIVE_UP;
    }
    // Somebody else has answered, such as a server whose application has not started yet.
    return code == null && repeatable ? Verdict.ELSEWHERE_ONCE : Verdict.GIVE_UP;
  }

  /**
   * Whether the request may have been applied although it failed so. A proxy that gives up, or an
   * answer that makes no sense, says nothing of what the service did; a refusal, whoever's, does.
   */
  boolean isInDoubtAfter(KeyValueException failure) {
    if (this == READ) {
      return false;
    }
    return failure
        .code()
        .map(ErrorCode.INDETERMINATE::equals)
        .orElse(failure.status() < 400 || failure.status() >= 500);
  }

  /**
   * Whether a failure settles a named write, an earlier sending of which has an unknown outcome:
   * only what the service says about the write itself, which it has remembered.
   */
  static boolean settles(KeyValueException failure) {
    return failure
        .code()
        .filter(code -> code != ErrorCode.UNAUTHENTICATED && code != ErrorCode.FORBIDDEN)
        .filter(code -> code != ErrorCode.TOO_MANY_REQUESTS && code.status() < 500)
        .isPresent();
  }
}
