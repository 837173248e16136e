package org.kvstore.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.kvstore.it.support.Cli;
import org.kvstore.it.support.Seed;
import org.kvstore.it.support.ServerProcess;

/**
 * More data than the heap of the server or of the client goes in by a batch, and out again by an
 * export, byte for byte: neither side keeps more than what is on its way. It runs with {@code
 * -Plong}.
 */
@EnabledIfSystemProperty(named = "long", matches = "true")
class BatchMemoryIT {
  private static final int HEAP_BYTES = 64 << 20;
  private static final String HEAP = "-Xmx" + HEAP_BYTES;
  private static final int LINES = 1_000_000;

  /** So that the lines together exceed either heap. */
  private static final int MOST_RANDOM_BYTES = 100_000_000 / LINES;

  private static final Map<String, String> SMALL_SERVER = Map.of("KV_JAVA_OPTIONS", HEAP);

  private final Random random = Seed.random("BatchMemoryIT");

  @Test
  void moreThanTheHeap_isImportedAndExported_byteForByte() throws Exception {
    Path data = ServerProcess.directory("batch-memory");
    Path lines = data.resolveSibling("lines");
    write(lines);
    assertThat(Files.size(lines)).isGreaterThan(HEAP_BYTES);
    Path exported = lines.resolveSibling("exported");
    try (ServerProcess server = ServerProcess.ready(data, SMALL_SERVER)) {
      assertThat(server.service().metric("jvm_memory_max_bytes{area=\"heap\"}"))
          .isLessThanOrEqualTo(HEAP_BYTES);
      Cli kv = new Cli(server.service()).withJavaOptions(HEAP);
      String summary = kv.run("import", lines.toString()).expect(0).err();
      System.out.printf("BatchMemoryIT: bytes=%d %s", Files.size(lines), summary);
      assertThat(summary).startsWith(LINES + " imported, 0 failed, 0 expired");
      kv.run("export", "--output", exported.toString()).expect(0);
      assertThat(Files.mismatch(lines, exported)).as("first byte that differs").isEqualTo(-1);
      assertThat(server.log()).doesNotContain("OutOfMemory");
    }
    Files.delete(lines);
    Files.delete(exported);
  }

  /** Lines exactly as an export makes them. */
  private void write(Path file) throws IOException {
    try (BufferedWriter out = Files.newBufferedWriter(file)) {
      for (int i = 0; i < LINES; i++) {
        String type = "\"contentType\":\"text/x-%d\",".formatted(i % 7);
        String expiry = i % 11 == 0 ? "\"expiresAt\":\"2100-01-01T00:00:00Z\"," : "";
        String key = "\"key\":\"k\u00E9y/%07d\",\"op\":\"put\",".formatted(i);
        out.write("{" + type + expiry + key + value(i) + "}\n");
      }
    }
  }

  private String value(int i) {
    byte[] bytes = new byte[random.nextInt(MOST_RANDOM_BYTES)];
    random.nextBytes(bytes);
    String encoded = Base64.getEncoder().encodeToString(bytes);
    if (i % 10 == 0) {
      byte[] binary = ("\u00FF" + encoded).getBytes(StandardCharsets.ISO_8859_1);
      return "\"valueBase64\":\"" + Base64.getEncoder().encodeToString(binary) + "\"";
    }
    return "\"value\":\"\u00E9\\\"\\n" + encoded + "\"";
  }
}
