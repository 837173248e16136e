package org.kvstore.client.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.kvstore.api.ErrorCode;
import org.kvstore.client.FakeServer;
import org.kvstore.client.FakeWatch;

/** The commands that watch, look back, count, lease and compact. */
class ChangesTest {
  private final FakeServer server = new FakeServer();

  @AfterEach
  void close() {
    server.close();
  }

  private Run kv(String... arguments) {
    String[] atServer = {"--server", server.uri().toString()};
    String[] all = Stream.concat(Stream.of(atServer), Stream.of(arguments)).toArray(String[]::new);
    return Run.of(new byte[0], all);
  }

  @Test
  void watch_printsALineForEachChange_andEndsAfterTheCount() {
    String multiline = FakeWatch.event("put", "a/2", 6, "p6").replace("\"6\"", "\"x\\ny\"");
    server.watch().progress("p0").put("a/1", 5, "p5").send(multiline).delete("a/1", 7, "p7");
    Run run = kv("watch", "a/", "--count", "3", "--prev", "--from", "p0");
    assertThat(run.exitCode()).isZero();
    assertThat(run.out().lines())
        .containsExactly("5 put a/1 = 5", "6 put a/2 = x\\u000ay", "7 delete a/1");
    assertThat(server.requests()).first().isEqualTo("GET /v1/watch?prefix=a%2F&from=p0&prev=true");
  }

  @Test
  void watch_json_hasEventsAndPositions() {
    server.watch().progress("p0").put("a", 5, "p5");
    assertThat(kv("watch", "--json", "--count", "1").out().lines())
        .hasSize(2)
        .first()
        .isEqualTo("{\"position\":\"p0\"}");
  }

  @Test
  void watch_timeIsOver_isCode5_unlessNoCountWasAsked() {
    server.watch().progress("p0").put("a", 5, "p5");
    Run counted = kv("watch", "--count", "2", "--timeout", "300ms");
    assertThat(counted.exitCode()).isEqualTo(ExitCode.UNAVAILABLE);
    assertThat(counted.err()).contains("of 2 changes");
    server.watch().end().progress("p0");
    assertThat(kv("watch", "--timeout", "50ms").exitCode()).isZero();
  }

  @Test
  void watch_compacted_fails() {
    server.failNext(ErrorCode.COMPACTED);
    Run run = kv("watch", "--from", "old");
    assertThat(run.exitCode()).isEqualTo(ExitCode.FAILURE);
    assertThat(run.err()).contains("compacted").hasLineCount(1);
  }

  @Test
  void watch_serverRefuses_hasItsCode() {
    server.failNext(ErrorCode.UNAVAILABLE);
    assertThat(kv("watch").exitCode()).isEqualTo(ExitCode.UNAVAILABLE);
    assertThat(kv("watch", "--count", "0").exitCode()).isEqualTo(ExitCode.USAGE);
  }

  @Test
  void history_printsVersions() {
    String event = FakeWatch.event("put", "a", 5);
    String version = event.substring(event.indexOf('{')).strip();
    String page = "{\"versions\":[" + version + "," + version + "]}";
    server.answerNext(200, "application/json", page);
    Run run = kv("history", "a", "--limit", "1");
    assertThat(run.exitCode()).isZero();
    assertThat(run.out()).isEqualToIgnoringNewLines("2030-01-01T00:00:00Z 5 put a = 5");
    server.answerNext(200, "application/json", page);
    assertThat(kv("history", "a", "--json").out()).hasLineCount(2).contains("\"value\":\"5\"");
    server.answerNext(200, "application/json", "{\"versions\":[]}");
    assertThat(kv("history", "a").exitCode()).isEqualTo(ExitCode.NOT_FOUND);
    assertThat(kv("history", "a", "--limit", "0").exitCode()).isEqualTo(ExitCode.USAGE);
  }

  @Test
  void incr_printsTheSum() {
    assertThat(kv("incr", "n").out()).isEqualToIgnoringNewLines("1");
    assertThat(kv("incr", "n", "2.5").out()).isEqualToIgnoringNewLines("3.5");
    assertThat(kv("incr", "--", "n", "-4").out()).isEqualToIgnoringNewLines("-0.5");
    assertThat(kv("incr", "n", "x").exitCode()).isEqualTo(ExitCode.USAGE);
  }

  @Test
  void lease_grantShowRenewRevoke() {
    assertThat(kv("lease", "grant", "30s").out()).isEqualToIgnoringNewLines("1");
    assertThat(server.bodies()).last().isEqualTo("{\"ttl\":\"PT30S\"}");
    assertThat(kv("lease", "show", "1").out()).contains("Id: 1", "Ttl: PT30S", "Key: a", "Key: b");
    assertThat(kv("lease", "renew", "1").exitCode()).isZero();
    assertThat(kv("put", "a", "x", "--lease", "1").exitCode()).isZero();
    assertThat(server.requests()).last().isEqualTo("PUT /v1/kv/a?lease=1");
    assertThat(kv("lease", "revoke", "1").exitCode()).isZero();
    assertThat(kv("lease", "revoke", "1").exitCode()).isEqualTo(ExitCode.NOT_FOUND);
    assertThat(kv("lease", "show", "1").err()).contains("the lease has ended: 1");
    assertThat(kv("lease").exitCode()).isEqualTo(ExitCode.USAGE);
    assertThat(kv("lease", "grant", "soon").exitCode()).isEqualTo(ExitCode.USAGE);
  }

  @Test
  void compact_printsWhatIsLeft() {
    server.store().put("a", "x".getBytes(StandardCharsets.UTF_8), null, null);
    assertThat(kv("compact").out()).isEqualToIgnoringNewLines("1");
    assertThat(kv("compact", "1").out()).isEqualToIgnoringNewLines("1");
    assertThat(kv("compact", "0").exitCode()).isEqualTo(ExitCode.USAGE);
    assertThat(server.requests()).last().isEqualTo("POST /v1/admin/compact?revision=1");
  }
}
