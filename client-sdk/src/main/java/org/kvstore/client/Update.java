package org.kvstore.client;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;

/**
 * A change of one entry that depends on what it was: read, compute, compare and set, again until
 * nobody has come between. The pauses grow, so that many writers of one key do not starve.
 */
final class Update {
  /** Most tries. */
  static final int MAX_TRIES = 100;

  private static final Duration LEAST_PAUSE = Duration.ofMillis(1);
  private static final Duration MOST_PAUSE = Duration.ofMillis(64);

  private final KeyValueClient client;
  private final Backoff backoff;

  Update(KeyValueClient client, Backoff backoff) {
    this.client = client;
    this.backoff = backoff;
  }

  static Update of(KeyValueClient client) {
    return new Update(client, new Backoff(LEAST_PAUSE, MOST_PAUSE, ThreadLocalRandom.current()));
  }

  Written run(String key, Function<Optional<Entry>, Value> change) {
    for (int tries = 1; ; tries++) {
      try {
        return once(key, change);
      } catch (PreconditionFailedException conflict) {
        if (tries == MAX_TRIES) {
          throw conflict;
        }
        LockSupport.parkNanos(backoff.after(tries).toNanos());
      }
    }
  }

  private Written once(String key, Function<Optional<Entry>, Value> change) {
    Optional<Entry> read = client.get(key);
    Value value = change.apply(read);
    return read.isPresent()
        ? client.compareAndSet(read.get(), value)
        : client.put(key, value, PutOptions.ifAbsent());
  }
}
