package org.kvstore.client.cli;

import java.io.PrintStream;
import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;
import org.jspecify.annotations.Nullable;

/** A progress bar of an import, in bytes of its input, on a terminal; else nothing. */
final class Progress implements AutoCloseable {
  private static final int WIDTH = 100;
  private static final int INTERVAL_MILLIS = 200;
  private static final long KIBIBYTE = 1024;

  private final @Nullable ProgressBar bar;

  private Progress(@Nullable ProgressBar bar) {
    this.bar = bar;
  }

  /** Shows nothing. */
  static Progress none() {
    return new Progress(null);
  }

  /** Shows a bar; {@code bytes} is the size of the input, or -1 when it is not known. */
  static Progress bar(PrintStream err, long bytes) {
    return new Progress(
        new ProgressBarBuilder()
            .setTaskName("import")
            .setInitialMax(bytes)
            .setUnit(" KiB", KIBIBYTE)
            .setStyle(ProgressBarStyle.ASCII)
            .setUpdateIntervalMillis(INTERVAL_MILLIS)
            .setConsumer(new ConsoleProgressBarConsumer(err, WIDTH))
            .build());
  }

  /** Says how far the import has come. */
  void update(long bytes, long keys) {
    if (bar == null) {
      return;
    }
    bar.stepTo(bytes);
    long seconds = Math.max(1, bar.getTotalElapsed().toSeconds());
    bar.setExtraMessage(keys + " keys, " + keys / seconds + "/s");
  }

  @Override
  public void close() {
    if (bar != null) {
      bar.close();
    }
  }
}
