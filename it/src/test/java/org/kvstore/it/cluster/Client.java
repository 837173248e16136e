package org.kvstore.it.cluster;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.kvstore.it.history.Action;
import org.kvstore.it.history.Call;
import org.kvstore.it.history.Operation;
import org.kvstore.it.history.Request;
import org.kvstore.it.history.Result;
import org.kvstore.it.history.Single;
import org.kvstore.it.support.Answer;
import org.kvstore.it.support.RawConnection;

/**
 * A client of the workload: one request after the other, to one node as long as that answers, or to
 * another one each time. What has no answer it sends again under the same Idempotency-Key,
 * elsewhere, and gives up sooner or later; then the outcome is unknown for ever.
 */
final class Client implements Runnable {
  private static final int MOST_REPEATS = 6;
  private static final int BACKOFF_MILLIS = 100;
  private static final int ANSWERS_PER_REPEAT = 50;
  private static final int UNAVAILABLE = 503;
  private static final int TOO_MANY_REQUESTS = 429;
  private static final int STORAGE_FULL = 507;

  private final Cluster cluster;
  private final Mix requests;
  private final Random random;
  private final boolean isFaithful;
  private final CountDownLatch stop;
  private final Journal journal;
  private final List<Call> calls = new ArrayList<>();
  private final Map<Node, RawConnection> connections = new HashMap<>();
  private Node node;

  /**
   * @param isFaithful whether it stays at a node as long as that answers
   * @param stop counted down when it has to end
   */
  Client(
      Cluster cluster,
      Mix requests,
      Random random,
      boolean isFaithful,
      CountDownLatch stop,
      Journal journal) {
    this.cluster = cluster;
    this.requests = requests;
    this.random = random;
    this.isFaithful = isFaithful;
    this.stop = stop;
    this.journal = journal;
    node = cluster.any(random);
  }

  /** What it has done, in order. */
  List<Call> calls() {
    return calls;
  }

  @Override
  public void run() {
    while (stop.getCount() > 0) {
      if (!isFaithful) {
        move();
      }
      Call call = call(requests.next());
      if (call.answer() == null || !isRefusal(call.answer())) {
        calls.add(compact(call));
      }
      requests.learn(call);
      journal.add(call);
      if (call.isDecided() && random.nextInt(ANSWERS_PER_REPEAT) == 0) {
        repeat(call);
      }
      if (call.answer() == null || call.answer().status() == UNAVAILABLE) {
        move();
        rest();
      }
    }
    connections.values().forEach(RawConnection::close);
  }

  private Call call(Request request) {
    long invoked = System.nanoTime();
    boolean mayBeDone = false;
    for (int tries = 0; ; tries++) {
      Attempt attempt = attempt(request);
      mayBeDone |= attempt.isUnknown();
      if (attempt.answer() != null && !(mayBeDone && isRefused(request, attempt.answer()))) {
        return new Call(request, invoked, System.nanoTime(), attempt.answer());
      }
      boolean isGivenUp = isRead(request) || tries == MOST_REPEATS || random.nextInt(8) == 0;
      if (isGivenUp || stop.getCount() == 0 || !mayBeDone) {
        return mayBeDone
            ? new Call(request, invoked, Operation.OPEN, null)
            : new Call(request, invoked, System.nanoTime(), NOBODY);
      }
      move();
      rest();
    }
  }

  /** As if a node had answered that it cannot, for one that cannot even say so. */
  private static final Answer NOBODY = new Answer("", UNAVAILABLE, Map.of(), new byte[0]);

  /**
   * What came of sending a request once.
   *
   * @param answer null when there is none, or none that tells what was done
   * @param isUnknown whether it may have been done
   */
  private record Attempt(@Nullable Answer answer, boolean isUnknown) {}

  private Attempt attempt(Request request) {
    RawConnection connection = connections.get(node);
    try {
      if (connection == null) {
        connection = new RawConnection(node.service().port(), Node.PATIENCE);
        connections.put(node, connection);
      }
    } catch (IOException nobodyIsThere) {
      return new Attempt(null, false);
    }
    try {
      String line = request.to(node.service()).line();
      Answer answer = connection.send(request.to(node.service()).bytes()).read(line);
      if (answer.findHeader("Connection").isPresent()) {
        disconnect();
      }
      return judged(request, answer);
    } catch (IOException cut) {
      disconnect();
      return new Attempt(null, true);
    }
  }

  private Attempt judged(Request request, Answer answer) {
    try {
      return request.effects(answer).stream()
              .anyMatch(effect -> effect.result() instanceof Result.Unknown)
          ? new Attempt(null, true)
          : new Attempt(answer, false);
    } catch (AssertionError | RuntimeException isNoAnswerToThis) {
      journal.surprise("%s at %s: %s".formatted(request, node.id(), answer));
      return new Attempt(null, true);
    }
  }

  /** Sends a request again that has its answer: it is answered the same, or not at all. */
  private void repeat(Call call) {
    move();
    Answer answer = attempt(call.request()).answer();
    if (answer == null || isRefused(call.request(), answer)) {
      return;
    }
    Object first = call.request().outcome(call.answered());
    if (answer.status() != call.answered().status()
        || !call.request().outcome(answer).equals(first)) {
      journal.surprise("repeated at %s: %s, first %s".formatted(node.id(), answer, call));
    }
    journal.count("repeated", 1);
  }

  private static boolean isRefusal(Answer answer) {
    int status = answer.status();
    return status == UNAVAILABLE || status == TOO_MANY_REQUESTS || status == STORAGE_FULL;
  }

  /**
   * Also in a part. A line of a batch that changed nothing is not remembered, but tried again; and
   * one that is refused now may have been done by a try before, which nobody heard of.
   */
  private static boolean isRefused(Request request, Answer answer) {
    return isRefusal(answer)
        || request.effects(answer).stream()
            .anyMatch(effect -> effect.result() instanceof Result.Refused);
  }

  private static boolean isRead(Request request) {
    return request instanceof Single single && single.action() instanceof Action.Get;
  }

  /** The same call, with no more of the answer than what the checks need. */
  private static Call compact(Call call) {
    Answer answer = call.answer();
    if (answer == null) {
      return call;
    }
    Map<String, List<String>> etag =
        answer.findHeader("ETag").map(tag -> Map.of("etag", List.of(tag))).orElse(Map.of());
    return new Call(
        call.request(),
        call.invoked(),
        call.returned(),
        new Answer("", answer.status(), etag, answer.body()));
  }

  private void move() {
    node = cluster.anywhere(random);
  }

  private void disconnect() {
    RawConnection connection = connections.remove(node);
    if (connection != null) {
      connection.close();
    }
  }

  private void rest() {
    try {
      stop.await(random.nextInt(BACKOFF_MILLIS), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
