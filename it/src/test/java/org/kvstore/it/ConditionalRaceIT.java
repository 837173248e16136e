package org.kvstore.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.kvstore.client.Entry;
import org.kvstore.client.KeyValueClient;
import org.kvstore.client.PreconditionFailedException;
import org.kvstore.client.PutOptions;
import org.kvstore.client.Value;
import org.kvstore.it.support.Bulk;
import org.kvstore.it.support.Deployed;

/** Two writers with one tag never both win. */
class ConditionalRaceIT extends Deployed {
  private static final int CLIENTS = 32;
  private static final int INCREMENTS = 10;

  @Test
  void clientsThatCompareAndSet_loseNoIncrement() throws Exception {
    String key = prefix() + "counter";
    try (KeyValueClient client = service.client()) {
      client.put(key, "0");
      List<Integer> misses = Bulk.race(CLIENTS, () -> increment(client, key));

      Entry counter = client.get(key).orElseThrow();
      assertThat(counter.text()).isEqualTo(Integer.toString(CLIENTS * INCREMENTS));
      assertThat(counter.version()).isEqualTo(CLIENTS * INCREMENTS + 1L);
      System.out.printf(
          "%d increments, %d misses%n",
          CLIENTS * INCREMENTS, misses.stream().mapToInt(Integer::intValue).sum());
    }
  }

  @Test
  void clientsThatCreate_haveOneWinner() throws Exception {
    String key = prefix() + "leader";
    try (KeyValueClient client = service.client()) {
      List<Boolean> won =
          Bulk.race(
              CLIENTS,
              () -> {
                try {
                  return client.put(key, Value.of("me"), PutOptions.ifAbsent()).created();
                } catch (PreconditionFailedException lost) {
                  return false;
                }
              });
      assertThat(won).containsOnlyOnce(true);
    }
  }

  private static int increment(KeyValueClient client, String key) {
    int misses = 0;
    for (int done = 0; done < INCREMENTS; ) {
      Entry read = client.get(key).orElseThrow();
      try {
        client.compareAndSet(read, Integer.toString(Integer.parseInt(read.text()) + 1));
        done++;
      } catch (PreconditionFailedException raced) {
        misses++;
      }
    }
    return misses;
  }
}
