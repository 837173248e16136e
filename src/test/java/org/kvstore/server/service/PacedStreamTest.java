package org.kvstore.server.service;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.time.Duration;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(20)
class PacedStreamTest {
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();

  @Test
  void write_takesAsLongAsTheRateSays_andChangesNothing() throws IOException {
    byte[] bytes = new byte[300_000];
    new Random(1).nextBytes(bytes);
    long began = System.nanoTime();
    try (PacedStream paced = new PacedStream(out, 1_000_000, () -> {})) {
      for (int from = 0; from < bytes.length; from += 10_000) {
        paced.write(bytes, from, 10_000);
      }
    }
    assertThat(Duration.ofNanos(System.nanoTime() - began)).isGreaterThan(Duration.ofMillis(280));
    assertThat(out.toByteArray()).isEqualTo(bytes);
  }

  @Test
  void write_interrupted_endsAndSaysSo() {
    PacedStream paced = new PacedStream(out, 1, () -> {});
    Thread.currentThread().interrupt();
    assertThatThrownBy(() -> paced.write(new byte[100])).isInstanceOf(InterruptedIOException.class);
    assertThat(Thread.interrupted()).isTrue();
  }
}
