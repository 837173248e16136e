package org.kvstore.it.crash;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.kvstore.it.history.Call;
import org.kvstore.it.history.LeaseRequest;
import org.kvstore.it.history.LeaseRequest.Kind;
import org.kvstore.it.history.Operation;
import org.kvstore.it.history.Request;
import org.kvstore.it.history.Requests;
import org.kvstore.it.support.Answer;
import org.kvstore.it.support.RawConnection;
import org.kvstore.it.support.Service;

/**
 * A client of the workload: one request after the other on one connection, of all kinds, drawn from
 * a seeded random and from what it has seen.
 */
final class Client {
  private static final int KEYS = 40;
  private static final int MAX_LINES = 12;
  private static final int MAX_PADDING = 3_000;
  private static final int MAX_LARGE_PADDING = 100_000;

  private final Random random;
  private final Requests requests;
  private final Set<String> leased = new HashSet<>();
  private final List<Call> calls = new ArrayList<>();
  private long lease;

  Client(String name, Random random) {
    this.random = random;
    requests = new Requests(name, random, Client::padding);
  }

  /** All keys that there may be. */
  static List<String> keys() {
    return IntStream.range(0, KEYS).mapToObj(i -> "crash/" + i).toList();
  }

  /** What it has done so far, in order. */
  List<Call> calls() {
    return calls;
  }

  /** The lease that it holds, or 0; not if it may have been revoked. */
  long lease() {
    boolean isRevoking =
        !calls.isEmpty()
            && calls.get(calls.size() - 1).request() instanceof LeaseRequest request
            && request.kind() == Kind.REVOKE;
    return isRevoking ? 0 : lease;
  }

  /** The leases whose revocation was acknowledged. */
  List<Long> revoked() {
    return calls.stream()
        .filter(call -> call.answer() != null && call.answer().status() == 204)
        .map(Call::request)
        .filter(LeaseRequest.class::isInstance)
        .map(LeaseRequest.class::cast)
        .filter(request -> request.kind() == Kind.REVOKE)
        .map(LeaseRequest::lease)
        .toList();
  }

  /** Sends requests until the server is gone. */
  void run(Service service, Runnable answered) {
    boolean goesOn = true;
    while (goesOn) {
      try (RawConnection connection = new RawConnection(service.port())) {
        goesOn = run(service, connection, answered);
      } catch (IOException serverIsGone) {
        return;
      }
    }
  }

  /** Returns whether the server has closed the connection in order, as it does after an error. */
  private boolean run(Service service, RawConnection connection, Runnable answered) {
    while (true) {
      Call call = call(next(), service, connection);
      calls.add(call);
      learn(call);
      if (call.answer() == null || call.returned() == Operation.OPEN) {
        return false;
      }
      answered.run();
      if (call.answer().findHeader("Connection").isPresent()) {
        return true;
      }
    }
  }

  private static Call call(Request request, Service service, RawConnection connection) {
    byte[] bytes = request.to(service).bytes();
    String line = request.to(service).line();
    long invoked = System.nanoTime();
    Answer head = null;
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    try {
      connection.send(bytes);
      if (request.isAtomic()) {
        Answer answer = connection.read(line);
        return new Call(request, invoked, System.nanoTime(), answer);
      }
      head = connection.readHead(line);
      readInto(body, head, connection);
      return new Call(request, invoked, System.nanoTime(), withBody(head, body));
    } catch (IOException cut) {
      return new Call(request, invoked, Operation.OPEN, head == null ? null : withBody(head, body));
    }
  }

  private static void readInto(ByteArrayOutputStream body, Answer head, RawConnection connection)
      throws IOException {
    if (head.findHeader("Content-Length").isPresent()) {
      body.writeBytes(
          connection.rest().readNBytes(Integer.parseInt(head.header("Content-Length"))));
      return;
    }
    for (byte[] chunk = connection.chunk(); chunk.length > 0; chunk = connection.chunk()) {
      body.writeBytes(chunk);
    }
  }

  private static Answer withBody(Answer head, ByteArrayOutputStream body) {
    return new Answer(head.request(), head.status(), head.headers(), body.toByteArray());
  }

  private void learn(Call call) {
    requests.learn(call);
    if (call.request() instanceof LeaseRequest of && call.answer() != null) {
      if (of.kind() == Kind.GRANT && call.answer().status() == 201) {
        lease = LeaseRequest.granted(call.answer());
      } else if (of.kind() == Kind.REVOKE) {
        lease = 0;
      }
    }
  }

  private Request next() {
    int kind = random.nextInt(100);
    if (kind < 20) {
      return requests.get(key());
    }
    if (kind < 40) {
      return requests.put(key());
    }
    if (kind < 60) {
      return requests.swap(key());
    }
    if (kind < 70) {
      return requests.delete(key());
    }
    if (kind < 80) {
      return requests.transaction(keys(3));
    }
    if (kind < 90) {
      return requests.batch(keys(1 + random.nextInt(MAX_LINES)));
    }
    return onLease();
  }

  private Request onLease() {
    if (lease == 0) {
      leased.clear();
      return requests.lease(Kind.GRANT, 0, Set.of());
    }
    int kind = random.nextInt(8);
    if (kind == 0) {
      return requests.lease(Kind.RENEW, lease, Set.of());
    }
    if (kind == 1) {
      return requests.lease(Kind.REVOKE, lease, Set.copyOf(leased));
    }
    String key = key();
    leased.add(key);
    return requests.put(key, lease);
  }

  private static int padding(Random random) {
    return switch (random.nextInt(32)) {
      case 0 -> random.nextInt(MAX_LARGE_PADDING);
      case 1, 2, 3, 4, 5, 6, 7 -> random.nextInt(MAX_PADDING);
      default -> 0;
    };
  }

  private String key() {
    return keys(1).get(0);
  }

  private List<String> keys(int count) {
    Set<String> keys = new TreeSet<>();
    while (keys.size() < count) {
      keys.add("crash/" + random.nextInt(KEYS));
    }
    List<String> shuffled = new ArrayList<>(keys);
    java.util.Collections.shuffle(shuffled, random);
    return shuffled;
  }
}
