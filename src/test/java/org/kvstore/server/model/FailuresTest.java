package org.kvstore.server.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.Test;

class FailuresTest {
  private final IllegalStateException failure = new IllegalStateException("It fails.");

  @Test
  void causeOf_whatAStageAfterOthersFailsWith_isWhatTheFirstFailedWith() {
    CompletableFuture<Throwable> told = new CompletableFuture<>();
    CompletableFuture.failedFuture(failure)
        .thenApply(any -> any)
        .thenCompose(any -> CompletableFuture.completedFuture(any))
        .whenComplete((any, thrown) -> told.complete(thrown));
    assertThat(told.join()).isInstanceOf(CompletionException.class);
    assertThat(Failures.causeOf(told.join())).isSameAs(failure);
    assertThat(Failures.causeOf(new CompletionException(told.join()))).isSameAs(failure);
  }

  @Test
  void causeOf_otherFailures_isTheFailureItself() {
    IllegalStateException caused = new IllegalStateException("It fails too.", failure);
    assertThat(Failures.causeOf(caused)).isSameAs(caused);
    CompletionException alone = new CompletionException("Nothing caused it.", null);
    assertThat(Failures.causeOf(alone)).isSameAs(alone);
  }
}
