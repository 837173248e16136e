package org.kvstore.it.fuzz;

import java.io.IOException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicLong;
import org.kvstore.it.support.Answer;
import org.kvstore.it.support.Bulk;
import org.kvstore.it.support.RawConnection;
import org.kvstore.it.support.Service;

/**
 * Sends requests, each drawn from the seed and its own number, and gathers what is wrong with their
 * answers.
 */
final class Fuzzer {
  /** Makes distant seeds of near numbers. */
  private static final long SPREAD = 0x9E3779B97F4A7C15L;

  private static final int CLIENTS = 16;
  private static final int MOST_FAULTS = 40;
  private static final Duration LONGEST_ANSWER = Duration.ofSeconds(30);

  /** Above this the server may refuse and close before all is sent, and the answer may be lost. */
  private static final int LARGE = 10_000;

  private final Service service;
  private final long seed;
  private final List<Endpoint> endpoints;
  private final List<String> tokens;
  private final Map<Long, String> faults = new ConcurrentHashMap<>();
  private final Map<Integer, Long> statuses = new ConcurrentHashMap<>();
  private final Map<String, Long> accepted = new ConcurrentHashMap<>();

  /**
   * Of a server.
   *
   * @param tokens cursors and positions that it has given out
   */
  Fuzzer(Service service, long seed, List<String> tokens) {
    this.service = service;
    this.seed = seed;
    this.tokens = tokens;
    endpoints =
        Endpoint.of(
            service.get("/openapi").header("Accept", "application/json").send().expect(200).json());
  }

  /** Sends the requests from one number up to another, many at a time. */
  void run(long from, long to) throws InterruptedException, ExecutionException {
    AtomicLong next = new AtomicLong(from);
    Bulk.race(
        CLIENTS,
        () -> {
          for (long number = next.getAndIncrement(); number < to; number = next.getAndIncrement()) {
            send(number);
          }
          return to;
        });
  }

  /** What is wrong, by the number of the request. */
  Map<Long, String> faults() {
    return faults;
  }

  /** How many answers had each status; 0 for none. */
  Map<Integer, Long> statuses() {
    return statuses;
  }

  /** How many requests for each endpoint were no errors. */
  Map<String, Long> accepted() {
    return accepted;
  }

  /** What requests are drawn for. */
  List<Endpoint> endpoints() {
    return endpoints;
  }

  private void send(long number) {
    if (faults.size() >= MOST_FAULTS) {
      return;
    }
    FuzzedRequest request =
        FuzzedRequest.draw(new Draw((seed + number) * SPREAD), endpoints, tokens);
    long start = System.nanoTime();
    Optional<String> fault = exchange(request);
    Duration taken = Duration.ofNanos(System.nanoTime() - start);
    if (fault.isEmpty() && taken.compareTo(LONGEST_ANSWER) > 0) {
      fault = Optional.of("an answer after " + taken);
    }
    fault.ifPresent(what -> faults.put(number, what + " to " + request));
  }

  private Optional<String> exchange(FuzzedRequest request) {
    try (RawConnection connection = new RawConnection(service.port())) {
      try {
        connection.send(request.bytes());
        if (request.endsStream()) {
          connection.sendNoMore();
        }
      } catch (IOException refusedEarly) {
        // The answer may be there all the same.
      }
      Answer answer = read(request, connection);
      count(answer.status());
      if (answer.status() < 400 && request.isForEndpoint()) {
        accepted.merge(request.endpoint().toString(), 1L, Long::sum);
      }
      return Verdict.of(request, answer).map(what -> what + ": " + answer);
    } catch (SocketTimeoutException e) {
      return Optional.of("no answer at all");
    } catch (RuntimeException malformed) {
      return Optional.of("no HTTP but " + malformed);
    } catch (IOException e) {
      count(0);
      return request.isSound() && request.bytes().length < LARGE
          ? Optional.of("no answer but " + e)
          : Optional.empty();
    }
  }

  private static Answer read(FuzzedRequest request, RawConnection connection) throws IOException {
    String line = request.isHead() ? "HEAD " : "";
    Answer head = connection.readHead(line);
    boolean isWatch = head.findHeader("Content-Type").orElse("").startsWith("text/event-stream");
    return isWatch ? head : connection.readBody(head);
  }

  private void count(int status) {
    statuses.merge(status, 1L, Long::sum);
  }
}
