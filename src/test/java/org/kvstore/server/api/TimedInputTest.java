package org.kvstore.server.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class TimedInputTest {
  private static final Duration MOST = Duration.ofSeconds(10);

  private long now = 5;
  private final TimedInput input = new TimedInput(new Dripping(), MOST, () -> now);

  @Test
  void read_aByteASecond_endsOnceTheirTimeIsOver() throws IOException {
    assertThat(input.readNBytes(10)).hasSize(10);

    assertThatThrownBy(input::read)
        .isInstanceOf(TimedInput.TooSlowException.class)
        .hasMessageContaining("10000 ms");
  }

  @Test
  void read_nextPart_hasItsTimeAgain() throws IOException {
    assertThat(input.readNBytes(8)).hasSize(8);
    input.nextPart();

    assertThat(input.readNBytes(8)).hasSize(8);
  }

  /** A byte a second, for ever. */
  private final class Dripping extends InputStream {
    @Override
    public int read() {
      now += TimeUnit.SECONDS.toNanos(1);
      return 'a';
    }

    @Override
    public int read(byte[] buffer, int from, int length) {
      if (length > 0) {
        buffer[from] = (byte) read();
      }
      return Math.min(1, length);
    }
  }
}
