package org.kvstore.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.kvstore.it.support.Service.target;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.kvstore.it.support.Answer;
import org.kvstore.it.support.Bulk;
import org.kvstore.it.support.Deployed;
import org.kvstore.it.support.Service;

/** Racing clients that increment one counter reach exactly the right sum, whichever way they go. */
class IncrementRaceIT extends Deployed {
  private static final int CLIENTS = 32;
  private static final int INCREMENTS = 5;

  /** How a client tries to replace a value that it has read; true when it won. */
  enum Way {
    PUT {
      @Override
      boolean replace(Service service, String key, Answer read, long next) {
        return service
                .put(target(key))
                .header("If-Match", read.etag())
                .body(Long.toString(next))
                .send()
                .status()
            == 204;
      }
    },
    PATCH {
      @Override
      boolean replace(Service service, String key, Answer read, long next) {
        return service
                .request("PATCH", target(key))
                .header("If-Match", read.etag())
                .header("Content-Type", "application/vnd.kvstore.increment+json")
                .body("{\"by\":1}")
                .send()
                .status()
            == 200;
      }
    },
    TRANSACTION {
      @Override
      boolean replace(Service service, String key, Answer read, long next) {
        String body =
            """
            {"compare":[{"key":"%1$s","target":"modRevision","op":"=","value":%2$d}],
             "then":[{"op":"put","key":"%1$s","value":"%3$d"}]}
            """
                .formatted(key, read.revision(), next);
        return service
            .post("/v1/txn")
            .header("Content-Type", "application/json")
            .body(body)
            .send()
            .expect(200)
            .json()
            .getBoolean("succeeded");
      }
    },
    BATCH_LINE {
      @Override
      boolean replace(Service service, String key, Answer read, long next) {
        String line =
            "{\"op\":\"put\",\"key\":\"%s\",\"value\":\"%d\",\"ifMatch\":\"%d\"}"
                .formatted(key, next, read.revision());
        Answer answer =
            service
                .post("/v1/batch")
                .header("Content-Type", "application/x-ndjson")
                .body(line)
                .send();
        // Beyond the limit of batches at once a client is told to come again.
        return answer.status() != 429 && answer.expect(200).json().getInt("status") == 204;
      }
    };

    abstract boolean replace(Service service, String key, Answer read, long next);
  }

  @ParameterizedTest
  @EnumSource
  void clientsThatCompareAndSet_loseNoIncrement(Way way) throws Exception {
    String key = prefix() + "counter";
    service.put(target(key)).body("0").send().expect(201);
    Bulk.race(CLIENTS, () -> increment(way, key));
    assertThat(service.get(target(key)).send().text())
        .isEqualTo(Integer.toString(CLIENTS * INCREMENTS));
  }

  private boolean increment(Way way, String key) {
    for (int done = 0; done < INCREMENTS; ) {
      Answer read = service.get(target(key)).send().expect(200);
      if (way.replace(service, key, read, Long.parseLong(read.text()) + 1)) {
        done++;
      }
    }
    return true;
  }
}
