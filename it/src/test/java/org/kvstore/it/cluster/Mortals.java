package org.kvstore.it.cluster;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.kvstore.it.support.Answer;
import org.kvstore.it.support.RawRequest;
import org.kvstore.it.support.Service;

/**
 * A client whose keys end by themselves: one by its own time to live, or several, of all shards,
 * with a lease that it renews a few times and then forgets or revokes. None may be missed before
 * its time; how long after it each is still found is told.
 */
final class Mortals implements Runnable {
  private static final int SECONDS = 2;
  private static final long LIFE_NANOS = Duration.ofSeconds(SECONDS).toNanos();
  private static final int KEYS_PER_LEASE = 4;
  private static final int MOST_RENEWALS = 4;
  private static final int POLL_MILLIS = 100;

  private final Cluster cluster;
  private final Random random;
  private final String prefix;
  private final boolean isTimeSteady;
  private final CountDownLatch stop;
  private final Journal journal;
  private final List<String> keys = new ArrayList<>();
  private long latestNanos;

  /**
   * @param prefix what its keys begin with
   * @param isTimeSteady whether the clocks of the nodes agree, so that a key can be missed too
   *     early
   */
  Mortals(
      Cluster cluster,
      Random random,
      String prefix,
      boolean isTimeSteady,
      CountDownLatch stop,
      Journal journal) {
    this.cluster = cluster;
    this.random = random;
    this.prefix = prefix;
    this.isTimeSteady = isTimeSteady;
    this.stop = stop;
    this.journal = journal;
  }

  /** How long the one that was there longest was found after its time. */
  Duration latest() {
    return Duration.ofNanos(latestNanos);
  }

  @Override
  public void run() {
    while (stop.getCount() > 0) {
      if (random.nextBoolean()) {
        liveAlone();
      } else {
        liveTogether();
      }
    }
  }

  private void liveAlone() {
    String key = newKey();
    long begun = System.nanoTime();
    Optional<Answer> put = write("PUT", Service.target(key) + "?ttl=" + SECONDS + "s", key);
    if (put.isPresent() && put.get().status() == 201) {
      journal.count("keys with a time to live", 1);
      awaitEnd(key, begun + LIFE_NANOS, System.nanoTime() + LIFE_NANOS);
    }
  }

  private void liveTogether() {
    long begun = System.nanoTime();
    Service service = cluster.any(random).service();
    RawRequest grant =
        service
            .post("/v1/leases")
            .header("Content-Type", "application/json")
            .body("{\"ttl\":\"%ds\"}".formatted(SECONDS));
    Optional<Answer> granted = ask(service, grant).filter(answer -> answer.status() == 201);
    if (granted.isEmpty()) {
      return;
    }
    String lease = granted.get().json().getString("id");
    long ended = System.nanoTime() + LIFE_NANOS;
    List<String> held = new ArrayList<>();
    for (int i = 0; i < KEYS_PER_LEASE; i++) {
      String key = newKey();
      Optional<Answer> put = write("PUT", Service.target(key) + "?lease=" + lease, key);
      if (put.isPresent() && put.get().status() == 201) {
        held.add(key);
      }
    }
    for (int i = random.nextInt(MOST_RENEWALS); i > 0; i--) {
      rest(SECONDS * 1_000 / 3);
      long asked = System.nanoTime();
      Optional<Answer> renewed = write("PUT", "/v1/leases/" + lease, "");
      if (renewed.isPresent() && renewed.get().status() == 200) {
        begun = asked;
        ended = System.nanoTime() + LIFE_NANOS;
        journal.count("renewals", 1);
      } else if (renewed.isEmpty() || renewed.get().status() != 404) {
        // It may live longer, or may be gone.
        ended = System.nanoTime() + LIFE_NANOS;
      }
    }
    boolean isRevoked = random.nextInt(3) == 0;
    if (isRevoked) {
      Optional<Answer> revoked = write("DELETE", "/v1/leases/" + lease, "");
      begun -= LIFE_NANOS;
      ended = revoked.isPresent() ? System.nanoTime() : ended;
    }
    for (String key : held) {
      awaitEnd(key, begun + LIFE_NANOS, ended);
    }
    journal.count(isRevoked ? "leases revoked" : "leases that ended", 1);
  }

  /**
   * Reads a key until it is gone.
   *
   * @param earliest before this it must be found
   * @param latest after this it should not be found for long
   */
  private void awaitEnd(String key, long earliest, long latest) {
    while (stop.getCount() > 0) {
      long asked = System.nanoTime();
      Service service = cluster.any(random).service();
      Optional<Answer> read = ask(service, service.get(Service.target(key)));
      int status = read.map(Answer::status).orElse(0);
      if (status == 404) {
        if (isTimeSteady && System.nanoTime() < earliest) {
          journal.surprise("%s ended %d ms too early".formatted(key, millis(earliest)));
        }
        keys.remove(key);
        return;
      }
      if (status == 200) {
        latestNanos = Math.max(latestNanos, asked - latest);
      }
      rest(POLL_MILLIS);
    }
  }

  private static long millis(long until) {
    return TimeUnit.NANOSECONDS.toMillis(until - System.nanoTime());
  }

  private String newKey() {
    String key = prefix + keys.size() + "-" + random.nextInt(1_000_000_000);
    keys.add(key);
    return key;
  }

  private Optional<Answer> write(String method, String target, String value) {
    Service service = cluster.any(random).service();
    RawRequest request = service.request(method, target);
    return ask(service, value.isEmpty() ? request : request.body(value));
  }

  private static Optional<Answer> ask(Service service, RawRequest request) {
    return Node.ask(service, request);
  }

  private void rest(int millis) {
    try {
      stop.await(millis, TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
