package org.kvstore.server.security;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.kvstore.server.model.AuditTrail;
import org.kvstore.server.service.AuditConfig;

/** What was done stays on record, however much is refused. */
class AuditLogTest {
  private static final int MAX_BYTES = 10_000;
  private static final int MAX_FILES = 2;

  @TempDir Path folder;

  @ParameterizedTest
  @CsvSource({
    "authenticate, UNAUTHENTICATED",
    "authenticate, TOO_MANY_REQUESTS",
    "authenticate, UNAVAILABLE",
    "read, FORBIDDEN",
    "put, TOO_MANY_REQUESTS"
  })
  void refusals_howeverMany_doNotPushOutWhatWasDone(String action, String outcome)
      throws IOException {
    AuditLog log = open();
    log.trail("ann", "10.0.0.7", "1").record("delete", "evidence", AuditTrail.DONE);
    log.trail("ann", "10.0.0.7", "2").record("put", "in doubt", "INDETERMINATE");
    AuditTrail flood = log.trail("", "10.0.0.7", "3");
    for (int i = 0; i < 10 * MAX_FILES * MAX_BYTES / 100; i++) {
      flood.record(action, "k", outcome);
    }
    log.close();

    assertThat(lines("audit.log.")).anyMatch(line -> line.contains("evidence"));
    assertThat(lines("audit.log.")).anyMatch(line -> line.contains("in doubt"));
    assertThat(lines("audit.log.refused.")).isNotEmpty();
  }

  @Test
  void refusals_takeNoMoreOfTheDiskThanTheirFiles() throws IOException {
    AuditLog log = open();
    AuditTrail flood = log.trail("", "10.0.0.7", "3");
    for (int i = 0; i < 10 * MAX_FILES * MAX_BYTES / 100; i++) {
      flood.record(AuditTrail.AUTHENTICATE, "", "UNAUTHENTICATED");
    }
    log.close();

    try (Stream<Path> files = Files.list(folder)) {
      assertThat(files.mapToLong(file -> file.toFile().length()).sum())
          .isBetween((long) MAX_BYTES, MAX_FILES * (MAX_BYTES + 1_000L));
    }
  }

  /** A disk that is full is one that the file is a link to, for the time being. */
  @Test
  void diskThatFailsLater_losesLines_whichAreCounted_andWorksAgain() throws IOException {
    AuditLog log = open();
    AuditTrail trail = log.trail("ann", "10.0.0.7", "1");
    trail.record("put", "before", AuditTrail.DONE);
    assertThat(log.isFailing()).isFalse();
    log.close();
    Path newest = folder.resolve("audit.log.0");
    Files.move(newest, folder.resolve("audit.log.1"));
    Files.createSymbolicLink(newest, Path.of("/dev/full"));

    trail.record("put", "lost", AuditTrail.DONE);
    trail.record("put", "lost", AuditTrail.DONE);

    assertThat(log.isFailing()).isTrue();
    assertThat(log.lost()).isEqualTo(2);

    Files.delete(newest);
    trail.record("put", "after", AuditTrail.DONE);
    log.close();

    assertThat(log.isFailing()).isFalse();
    assertThat(log.lost()).isEqualTo(2);
    assertThat(lines("audit.log."))
        .hasSize(2)
        .allMatch(line -> line.contains("before") || line.contains("after"));
  }

  @Test
  void rotationThatFails_losesNoLineOnceItWorksAgain() throws IOException {
    AuditLog log = open();
    AuditTrail trail = log.trail("ann", "10.0.0.7", "1");
    Path obstacle = Files.createDirectories(folder.resolve("audit.log.1").resolve("in-the-way"));
    while (!log.isFailing()) {
      trail.record("put", "k", AuditTrail.DONE);
    }
    Files.delete(obstacle);
    Files.delete(folder.resolve("audit.log.1"));

    trail.record("put", "after", AuditTrail.DONE);
    log.close();

    assertThat(log.isFailing()).isFalse();
    assertThat(log.lost()).isEqualTo(1);
    assertThat(lines("audit.log.").get(0)).contains("after");
    assertThat(Files.size(folder.resolve("audit.log.1"))).isGreaterThanOrEqualTo(MAX_BYTES);
  }

  @Test
  void startedAgain_itGoesOnInTheSameFile() throws IOException {
    for (String target : List.of("first", "second")) {
      AuditLog log = open();
      log.trail("ann", "10.0.0.7", "1").record("put", target, AuditTrail.DONE);
      log.close();
    }

    assertThat(Files.readAllLines(folder.resolve("audit.log.0")))
        .hasSize(2)
        .last()
        .asString()
        .contains("second");
  }

  private AuditLog open() {
    return new AuditLog(
        new AuditConfig(Optional.of(folder.resolve("audit.log")), MAX_BYTES, MAX_FILES),
        Clock.systemUTC());
  }

  /** The lines of all files of a name and a number. */
  private List<String> lines(String name) throws IOException {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < MAX_FILES && Files.exists(folder.resolve(name + i)); i++) {
      text.append(Files.readString(folder.resolve(name + i)));
    }
    return text.toString().lines().toList();
  }
}
