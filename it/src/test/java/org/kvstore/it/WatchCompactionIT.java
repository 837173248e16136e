package org.kvstore.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.kvstore.api.ErrorCode;
import org.kvstore.it.support.EventStream;
import org.kvstore.it.support.EventStream.ServerEvent;
import org.kvstore.it.support.RawRequest;
import org.kvstore.it.support.ServerProcess;
import org.kvstore.it.support.Service;

/** A reader that stalls while history is given up is told so where it stands, without a gap. */
class WatchCompactionIT {
  /** About 10 MB on the wire: more than the kernel buffers for a connection, which is 4 MB. */
  private static final int EVENTS = 8_000;

  private static final String PADDING = "x".repeat(1_000);
  private static final Map<String, String> LITTLE_MEMORY = Map.of("KV_WATCH_MEMORY", "64KiB");

  @Test
  void readerThatStalls_seesEachEventUpToTheNotice_andCannotResume() {
    try (ServerProcess server =
        ServerProcess.ready(ServerProcess.directory("watch-compaction"), LITTLE_MEMORY)) {
      Service service = server.service();
      RawRequest request = service.get("/v1/watch?prefix=w/");
      List<ServerEvent> seen;
      try (EventStream stalled = EventStream.open(request)) {
        stalled.next();
        write(service);
        service.post("/v1/admin/compact").send().expect(200);
        seen = changesUntilCompacted(stalled);
      }
      assertThat(seen).hasSizeBetween(1, EVENTS - 1);
      assertThat(seen)
          .extracting(ServerEvent::key)
          .isEqualTo(IntStream.range(0, seen.size()).mapToObj(WatchCompactionIT::key).toList());
      String last = String.valueOf(seen.get(seen.size() - 1).id());
      request.header("Last-Event-ID", last).send().expect(ErrorCode.COMPACTED);
    }
  }

  private static List<ServerEvent> changesUntilCompacted(EventStream watch) {
    List<ServerEvent> changes = new ArrayList<>();
    ServerEvent event = watch.nextChange();
    while (event.type().equals("put")) {
      changes.add(event);
      event = watch.nextChange();
    }
    assertThat(event.type()).isEqualTo("compacted");
    assertThat(event.json().getString("code")).isEqualTo(ErrorCode.COMPACTED.name());
    return changes;
  }

  private static void write(Service service) {
    String lines =
        IntStream.range(0, EVENTS)
            .mapToObj(
                i -> "{\"op\":\"put\",\"key\":\"%s\",\"value\":\"%s\"}".formatted(key(i), PADDING))
            .collect(Collectors.joining("\n"));
    String results =
        service
            .post("/v1/batch")
            .header("Content-Type", "application/x-ndjson")
            .body(lines)
            .send()
            .expect(200)
            .text();
    assertThat(results.lines()).hasSize(EVENTS).allMatch(result -> result.contains("201"));
  }

  private static String key(int number) {
    return "w/" + number;
  }
}
