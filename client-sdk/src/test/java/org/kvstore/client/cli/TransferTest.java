package org.kvstore.client.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.kvstore.api.ErrorCode;
import org.kvstore.client.FakeServer;
import org.kvstore.client.FakeStore;

/** Export and import. */
class TransferTest {
  private static final long SEED = 7;

  private final FakeServer server = new FakeServer();

  @TempDir private Path folder;

  @AfterEach
  void close() {
    server.close();
  }

  private Run kv(String input, String... arguments) {
    String[] all = new String[arguments.length + 2];
    System.arraycopy(arguments, 0, all, 0, arguments.length);
    all[arguments.length] = "--server";
    all[arguments.length + 1] = server.uri().toString();
    return Run.of(input.getBytes(StandardCharsets.UTF_8), all);
  }

  @Test
  void exportThenImport_givesTheSameEntries() throws IOException {
    Random random = new Random(SEED);
    Instant expiry = Instant.now().plusSeconds(3600);
    for (int i = 0; i < 500; i++) {
      byte[] value = new byte[random.nextInt(200)];
      random.nextBytes(value);
      server.store().put("k;%/é" + i, value, "text/x" + i % 3, i % 2 == 0 ? expiry : null);
    }
    var before = server.store().range("");
    Path file = folder.resolve("export");
    assertThat(kv("", "export", "-o", file.toString()).exitCode()).isZero();
    assertThat(Files.list(folder)).containsExactly(file);
    before.keySet().forEach(server.store()::remove);

    Run run = kv("", "import", file.toString());

    assertThat(run.err()).startsWith("500 imported, 0 failed, 0 expired");
    assertThat(run.exitCode()).isZero();
    assertThat(server.store().range("").keySet()).isEqualTo(before.keySet());
    before.forEach((key, stored) -> assertSame(key, stored));
  }

  private void assertSame(String key, FakeStore.Stored before) {
    FakeStore.Stored after = server.store().get(key);
    assertThat(after.value()).isEqualTo(before.value());
    assertThat(after.contentType()).isEqualTo(before.contentType());
    Instant expiry = before.expiresAt();
    if (expiry == null) {
      assertThat(after.expiresAt()).isNull();
    } else {
      assertThat(after.expiresAt()).isBetween(expiry.minusSeconds(1), expiry.plusSeconds(60));
    }
  }

  @Test
  void export_toStandardOutput_ofAPrefix() {
    server.store().put("a/1", new byte[0], "text/x", null);
    server.store().put("b", new byte[0], "text/x", null);
    assertThat(kv("", "export", "a/").out().lines())
        .singleElement()
        .asString()
        .contains("\"key\":\"a/1\"");
  }

  @Test
  void export_fails_leavesNoFile() throws IOException {
    server.failNext(ErrorCode.UNAVAILABLE);
    Path file = folder.resolve("export");
    assertThat(kv("", "export", "-o", file.toString()).exitCode()).isEqualTo(5);
    assertThat(Files.list(folder)).isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "nope | not a JSON object",
        "{\"op\":\"put\",\"key\":\"x\" | not valid JSON",
        "{\"op\":\"delete\",\"key\":\"x\"} | the op is 'delete'",
        "{\"op\":\"put\",\"value\":\"x\"} | there is no key",
        "{\"op\":\"put\",\"key\":\"x\"} | exactly one of value",
        "{\"op\":\"put\",\"key\":\"x\",\"value\":\"\",\"valueBase64\":\"\"} | exactly one of value",
        "{\"op\":\"put\",\"key\":\"x\",\"valueBase64\":\"*\"} | not base64",
        "{\"op\":\"put\",\"key\":\"x\",\"value\":\"\",\"expiresAt\":\"soon\"} | not an instant",
        "{\"op\":\"put\",\"key\":\"x//y\",\"value\":\"\"} | segment"
      })
  void import_badLine_isReportedWithItsNumber_othersAreWritten(String line, String reason) {
    String good = "{\"op\":\"put\",\"key\":\"%s\",\"value\":\"v\"}\n";
    Run run = kv(good.formatted("a") + "\n" + line + "\n" + good.formatted("b"), "import");
    assertThat(run.exitCode()).isEqualTo(ExitCode.FAILURE);
    assertThat(run.err()).contains("line 3: ").contains(reason).contains("2 imported, 1 failed");
    assertThat(server.store().range("")).containsOnlyKeys("a", "b");
  }

  @Test
  void import_expiredLine_isLeftOut() {
    String line = "{\"op\":\"put\",\"key\":\"a\",\"value\":\"v\",\"expiresAt\":\"%s\"}\n";
    Run run = kv(line.formatted("2001-01-01T00:00:00Z"), "import", "-");
    assertThat(run.exitCode()).isZero();
    assertThat(run.err()).contains("0 imported, 0 failed, 1 expired");
    assertThat(server.store().range("")).isEmpty();
  }

  @Test
  void import_sameKeyAgain_theLaterLineWins() {
    StringBuilder lines = new StringBuilder();
    for (int i = 0; i < 200; i++) {
      lines.append("{\"op\":\"put\",\"key\":\"a\",\"value\":\"").append(i).append("\"}\n");
    }
    kv(lines.toString(), "import");
    assertThat(server.store().get("a").value()).asString().isEqualTo("199");
  }

  @Test
  void import_serverFails_stopsAfterMaxErrors() {
    StringBuilder lines = new StringBuilder();
    for (int i = 0; i < 2500; i++) {
      lines.append("{\"op\":\"put\",\"key\":\"k").append(i).append("\",\"value\":\"\"}\n");
      server.failNext(ErrorCode.UNAVAILABLE);
    }
    Run run = kv(lines.toString(), "import", "--max-errors", "3");
    assertThat(run.exitCode()).isEqualTo(ExitCode.UNAVAILABLE);
    assertThat(run.err())
        .contains("line 3: ", "stopped after too many failures")
        .doesNotContain("line 4: ");
    assertThat(server.requests()).containsExactly("POST /v1/batch");
  }

  @Test
  void import_lineIsRefusedByTheServer_isReportedWithItsNumber() {
    String refused =
        "{\"status\":413,\"problem\":{\"status\":413,\"code\":\"TOO_LARGE\",\"detail\":\"big\"}}";
    server.answerNext(
        200, "application/x-ndjson", "{\"status\":201,\"etag\":\"1\"}\n" + refused + "\n");
    String line = "{\"op\":\"put\",\"key\":\"a\",\"value\":\"v\"}\n";
    Run run = kv("\n" + line + "\n" + line, "import");
    assertThat(run.exitCode()).isEqualTo(ExitCode.FAILURE);
    assertThat(run.err()).contains("line 4: ", "TOO_LARGE", "big", "1 imported, 1 failed");
  }

  @Test
  void import_progress_isDrawnOnStandardError() {
    Run run = kv("{\"op\":\"put\",\"key\":\"a\",\"value\":\"v\"}\n", "import", "--progress");
    assertThat(run.exitCode()).isZero();
    assertThat(run.err()).contains("import", "KiB", "1 imported");
    assertThat(run.out()).isEmpty();
  }

  @Test
  void lineReader_splitsAndCounts() throws IOException {
    byte[] text = "a\n\nb".getBytes(StandardCharsets.UTF_8);
    LineReader lines = new LineReader(new ByteArrayInputStream(text));
    assertThat(lines.next()).asString().isEqualTo("a");
    assertThat(lines.next()).asString().isEmpty();
    assertThat(lines.bytesRead()).isEqualTo(3);
    assertThat(lines.next()).asString().isEqualTo("b");
    assertThat(lines.next()).isNull();
    assertThat(lines.bytesRead()).isEqualTo(4);
  }

  @Test
  void lineReader_endlessLine_isRefused() {
    LineReader lines =
        new LineReader(
            new InputStream() {
              @Override
              public int read() {
                return 'x';
              }

              @Override
              public int read(byte[] target, int offset, int length) {
                Arrays.fill(target, offset, offset + length, (byte) 'x');
                return length;
              }
            });
    assertThatThrownBy(lines::next).isInstanceOf(IOException.class).hasMessageContaining("longer");
  }
}
