package org.kvstore.it.support;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Many clients that write until the server is gone, each to keys of its own. What was answered is
 * known; the one write of each client that was not answered may have been applied or not.
 */
public final class WriteLoad implements AutoCloseable {
  private static final int KEYS_PER_CLIENT = 50;

  private final Service service;
  private final String prefix;
  private final ExecutorService executor;
  private final AtomicLong acknowledged = new AtomicLong();
  private final List<Future<History>> clients = new ArrayList<>();

  /** Starts clients; each draws from a random of its own, seeded from {@code seed}. */
  public WriteLoad(Service service, String prefix, int clients, long seed) {
    this.service = service;
    this.prefix = prefix;
    executor = Executors.newFixedThreadPool(clients);
    for (int i = 0; i < clients; i++) {
      int client = i;
      this.clients.add(executor.submit(() -> write(client, new Random(seed + client))));
    }
  }

  /** Writes answered so far. */
  public long acknowledged() {
    return acknowledged.get();
  }

  /** What each client knows, once the server is gone. */
  public List<History> histories() throws InterruptedException, ExecutionException {
    List<History> histories = new ArrayList<>();
    for (Future<History> client : clients) {
      histories.add(client.get());
    }
    return histories;
  }

  @Override
  public void close() {
    executor.shutdownNow();
  }

  private History write(int client, Random random) {
    History history = new History(prefix, client);
    try (RawConnection connection = new RawConnection(service.port())) {
      for (int i = 0; ; i++) {
        Write write = history.next(i, random.nextInt(KEYS_PER_CLIENT));
        connection.send(write.bytes());
        Answer answer = connection.read("PUT");
        if (answer.status() == 503) {
          history.refused();
          return history;
        }
        history.answered(write, answer);
        acknowledged.incrementAndGet();
      }
    } catch (IOException serverIsGone) {
      return history;
    } catch (UncheckedIOException e) {
      throw new AssertionError(e);
    }
  }

  /**
   * One write.
   *
   * @param key its key
   * @param name its Idempotency-Key
   * @param value its value
   */
  public record Write(String key, String name, String value) {
    byte[] bytes() {
      return ("PUT "
              + Service.target(key)
              + " HTTP/1.1\r\nHost: x\r\nIdempotency-Key: "
              + name
              + "\r\nContent-Length: "
              + value.length()
              + "\r\n\r\n"
              + value)
          .getBytes(java.nio.charset.StandardCharsets.US_ASCII);
    }

    /** Sends it again, under its name. */
    public Answer repeat(Service to) {
      return to.put(Service.target(key)).header("Idempotency-Key", name).body(value).send();
    }
  }

  /** What one client knows. */
  public static final class History {
    private final String prefix;
    private final int client;
    private final java.util.Map<String, Write> acknowledged = new java.util.HashMap<>();
    private final java.util.Map<String, Long> writesByKey = new java.util.HashMap<>();
    private final List<Long> revisions = new ArrayList<>();
    private Write last = new Write("", "", "");

    History(String prefix, int client) {
      this.prefix = prefix;
      this.client = client;
    }

    Write next(int number, int key) {
      String name = "%s-%d-%d".formatted(prefix.replace('/', '-'), client, number);
      last = new Write("%s%d/%d".formatted(prefix, client, key), name, "value " + name);
      return last;
    }

    void answered(Write write, Answer answer) {
      assertThat(answer.status()).as("%s", answer).isIn(201, 204);
      acknowledged.put(write.key(), write);
      writesByKey.merge(write.key(), 1L, Long::sum);
      revisions.add(answer.revision());
      last = new Write("", "", "");
    }

    /** The server is stopping: the write was certainly not applied. */
    void refused() {
      last = new Write("", "", "");
    }

    /** The newest answered write of each key. */
    public java.util.Map<String, Write> newest() {
      return acknowledged;
    }

    /** How many writes of a key were answered. */
    public long count(String key) {
      return writesByKey.getOrDefault(key, 0L);
    }

    /** The revisions that were given out, in order. */
    public List<Long> revisions() {
      return revisions;
    }

    /** The write that was sent and not answered. */
    public Write unanswered() {
      return last;
    }
  }
}
