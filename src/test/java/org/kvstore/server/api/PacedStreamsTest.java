package org.kvstore.server.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.kvstore.server.security.Allowance;

/** A body and an answer together take as long as their caller's bytes do. */
class PacedStreamsTest {
  private static final int RATE = 1_000_000;
  private static final Duration HALF = Duration.ofMillis(450);

  private final AtomicBoolean ending = new AtomicBoolean();
  private final Pace pace = new Pace(new Allowance(0, RATE), ending::get);
  private final long began = System.nanoTime();

  @Test
  void input_waitsForItsBytes_whichItsClientIsNotBlamedFor() throws IOException {
    PacedInput input = input(RATE + RATE / 2);
    TimedInput timed = new TimedInput(input, Duration.ofMillis(400), input::nanoTime);

    assertThat(timed.readAllBytes()).hasSize(RATE + RATE / 2);

    assertThat(took()).isGreaterThan(HALF);
  }

  @Test
  void output_waitsForWhatTheInputHasUsedToo() throws IOException {
    input(RATE).readAllBytes();

    output().write(new byte[RATE / 2]);

    assertThat(took()).isGreaterThan(HALF);
  }

  @Test
  void output_hasSentWhatItWaitsFor() throws IOException {
    Flushed out = new Flushed();

    new PacedOutput(out, pace).write(new byte[RATE + RATE / 10]);

    assertThat(out.flushed).isEqualTo(RATE + RATE / 10);
  }

  @Test
  void nearTheEnd_nothingWaits() throws IOException {
    ending.set(true);

    input(5 * RATE).readAllBytes();
    output().write(new byte[5 * RATE]);

    assertThat(took()).isLessThan(Duration.ofSeconds(5));
  }

  @Test
  void whatWaits_hearsOfTheEnd() throws Exception {
    pace.moved(9 * RATE);
    Thread waiting = new Thread(this::rest);
    waiting.start();

    ending.set(true);
    waiting.join();

    assertThat(took()).isLessThan(Duration.ofSeconds(5));
  }

  @Test
  void interrupt_endsTheWait() {
    Thread.currentThread().interrupt();

    assertThatThrownBy(() -> output().write(new byte[5 * RATE]))
        .isInstanceOf(InterruptedIOException.class);
    assertThat(Thread.interrupted()).isTrue();
  }

  private void rest() {
    try {
      pace.rest(Duration.ofSeconds(8).toNanos());
    } catch (InterruptedIOException e) {
      throw new AssertionError(e);
    }
  }

  private PacedInput input(int size) {
    return new PacedInput(new ByteArrayInputStream(new byte[size]), pace);
  }

  private PacedOutput output() {
    return new PacedOutput(new ByteArrayOutputStream(), pace);
  }

  private Duration took() {
    return Duration.ofNanos(System.nanoTime() - began);
  }

  /** Knows how much had been written when it was last flushed. */
  private static final class Flushed extends ByteArrayOutputStream {
    private int flushed;

    @Override
    public void flush() {
      flushed = size();
    }
  }
}
