package org.kvstore.client;

import java.time.Duration;
import java.util.Iterator;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Sends requests to the nodes of a cluster, again and elsewhere where {@link RetryRule} says that
 * it is safe, and never beyond a limit of time for each.
 *
 * @param nodes where to
 * @param discovery finds out which nodes there are
 * @param attempts runs what may take longer than the time that is left
 * @param pauses between rounds through the nodes
 * @param limit how long a request may take in all
 * @param naming whether each write gets an Idempotency-Key, so that it is safe to repeat
 * @param owned whether the nodes are closed with the client
 */
record ClusterRequests(
    Nodes nodes,
    Discovery discovery,
    Attempts attempts,
    Backoff pauses,
    Duration limit,
    boolean naming,
    boolean owned)
    implements Requests {

  @Override
  public <T> T read(Function<KeyValueApi, T> request) {
    return run(RetryRule.READ, request);
  }

  @Override
  public <T> CompletionStage<T> readAsync(Function<KeyValueApi, CompletionStage<T>> request) {
    return stage(tries(RetryRule.READ), request);
  }

  @Override
  public <T> T write(@Nullable String name, Write<T> request) {
    String known = named(name);
    return run(RetryRule.ofWrite(known), api -> request.send(api, known));
  }

  @Override
  public <T> CompletionStage<T> writeAsync(
      @Nullable String name, Write<CompletionStage<T>> request) {
    String known = named(name);
    return stage(tries(RetryRule.ofWrite(known)), api -> request.send(api, known));
  }

  @Override
  public <T> T once(Transport kind, Function<KeyValueApi, T> request) {
    Deadline deadline = Deadline.after(limit);
    for (Iterator<Node> rest = nodes.inOrder().iterator(); ; ) {
      Node node = rest.next();
      try {
        return attempts.within(deadline.left(), kind, () -> request.apply(node.api()));
      } catch (UnavailableException failed) {
        if (!rest.hasNext()) {
          throw failed;
        }
      }
    }
  }

  @Override
  public Requests within(Duration shorter) {
    return shorter.compareTo(limit) >= 0
        ? this
        : new ClusterRequests(nodes, discovery, attempts, pauses, shorter, naming, owned);
  }

  @Override
  public Requests shared() {
    return new ClusterRequests(nodes, discovery, attempts, pauses, limit, naming, false);
  }

  @Override
  public void close() {
    if (owned) {
      attempts.close();
      nodes.close();
    }
  }

  private @Nullable String named(@Nullable String name) {
    return name == null && naming ? UUID.randomUUID().toString() : name;
  }

  private Tries tries(RetryRule rule) {
    discovery.refreshWhenDue();
    return new Tries(nodes, rule, Deadline.after(limit), pauses);
  }

  private <T> T run(RetryRule rule, Function<KeyValueApi, T> request) {
    Tries tries = tries(rule);
    while (true) {
      Node node = tries.next();
      try {
        Supplier<T> sending = () -> request.apply(node.api());
        T answer = attempts.within(tries.left(), rule.transport(), sending);
        tries.succeeded(node);
        return answer;
      } catch (KeyValueException failed) {
        pause(tries, tries.pauseAfter(node, failed), failed);
      }
    }
  }

  private static void pause(Tries tries, Duration pause, KeyValueException failed) {
    try {
      TimeUnit.NANOSECONDS.sleep(pause.toNanos());
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw tries.interrupted(failed);
    }
  }

  private <T> CompletionStage<T> stage(
      Tries tries, Function<KeyValueApi, CompletionStage<T>> request) {
    Node node = tries.next();
    return send(node, tries.rule().transport(), request)
        .orTimeout(tries.left().toNanos(), TimeUnit.NANOSECONDS)
        .whenComplete(
            (answer, failed) -> {
              if (failed == null) {
                tries.succeeded(node);
              }
            })
        .exceptionallyCompose(failed -> again(tries, node, request, failed));
  }

  /** A copy, as a time-out is not to end what reads a late answer and closes it. */
  private static <T> CompletableFuture<T> send(
      Node node, Transport kind, Function<KeyValueApi, CompletionStage<T>> request) {
    try {
      return kind.stage(request.apply(node.api())).toCompletableFuture().copy();
    } catch (RuntimeException failed) {
      return CompletableFuture.failedFuture(failed);
    }
  }

  private <T> CompletionStage<T> again(
      Tries tries, Node node, Function<KeyValueApi, CompletionStage<T>> request, Throwable failed) {
    RuntimeException failure = Attempts.failure(tries.rule().transport(), failed);
    if (failure instanceof KeyValueException known) {
      Duration pause = tries.pauseAfter(node, known);
      return CompletableFuture.runAsync(() -> {}, attempts.after(pause))
          .thenCompose(over -> stage(tries, request));
    }
    return CompletableFuture.failedFuture(failure);
  }
}
