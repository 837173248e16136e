package org.kvstore.it.cluster;

import static java.util.stream.Collectors.joining;
import static org.assertj.core.api.Assertions.assertThat;
import static org.kvstore.it.support.Service.target;

import java.util.stream.IntStream;
import org.kvstore.client.BatchOperation;
import org.kvstore.client.Entry;
import org.kvstore.client.KeyRange;
import org.kvstore.client.KeyValueClient;
import org.kvstore.client.ListOptions;
import org.kvstore.it.support.Service;

/** Entries of all kinds, which move from one service to another by export and import. */
final class MovedEntries {
  static final String PREFIX = "moved/";

  /** Dies soon. */
  static final String BRIEF = PREFIX + "brief";

  /** Is on a lease, where it was written. */
  static final String LEASED = PREFIX + "leased";

  /** How many there are. */
  static final int COUNT = 2_507;

  private MovedEntries() {}

  /** Writes them; returns the id of the lease. */
  static String write(Service service) {
    try (KeyValueClient client = service.client();
        var results =
            client.batch(
                IntStream.range(0, COUNT - 7)
                    .mapToObj(i -> BatchOperation.put(PREFIX + "many/" + i, "v" + i)))) {
      assertThat(results.allMatch(result -> result.isSuccess())).isTrue();
    }
    service.put(target(PREFIX + "\u00E9 ?%")).header("Content-Type", "text/x-a").body("\n").send();
    service.put(target(PREFIX + "bytes")).body(new byte[] {0, -1, '\n', -128}).send().expect(201);
    service.put(target(PREFIX + "empty")).body("").send().expect(201);
    for (int i = 0; i < 3; i++) {
      service.put(target(PREFIX + "{42}/versions")).body("v" + i).send();
    }
    service.put(target(PREFIX + "hour") + "?ttl=1h").body("x").send().expect(201);
    service.put(target(BRIEF) + "?ttl=30s").body("x").send().expect(201);
    String lease =
        service
            .post("/v1/leases")
            .header("Content-Type", "application/json")
            .body("{\"ttl\":\"2h\"}")
            .send()
            .expect(201)
            .json()
            .getString("id");
    service.put(target(LEASED) + "?lease=" + lease).body("x").send().expect(201);
    return lease;
  }

  /** An export without the entry that dies soon: keys, values, types, and when they end. */
  static String kept(String export) {
    return export.lines().filter(line -> !line.contains(BRIEF)).collect(joining("\n"));
  }

  /** What a service exports of them. */
  static String exported(Service service) {
    return kept(
        service
            .get("/v1/kv?prefix=" + PREFIX)
            .header("Accept", "application/x-ndjson")
            .send()
            .expect(200)
            .text());
  }

  /** What does not move: revisions and versions are those of the service, and leases are left. */
  static void requireNew(Service service) {
    try (KeyValueClient client = service.client()) {
      ListOptions pages = ListOptions.defaults().withLimit(ListOptions.MAX_LIMIT);
      assertThat(client.entries(KeyRange.prefix(PREFIX), pages))
          .hasSizeBetween(COUNT - 1, COUNT)
          .allMatch(entry -> entry.version() == 1)
          .allMatch(entry -> entry.createRevision() == entry.modRevision())
          .allMatch(entry -> entry.lease() == null);
      assertThat(client.history(PREFIX + "{42}/versions").map(change -> change.entry().text()))
          .containsExactly("v2");
      assertThat(client.get(LEASED).map(Entry::expiresAt)).isPresent();
    }
  }
}
