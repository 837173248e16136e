package org.kvstore.client.cli;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.kvstore.client.KeyValueClient;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

/** {@code kv import}: writes what {@code kv export} wrote. */
@Command(
    name = "import",
    description = {
      "Writes the entries of lines of JSON, as export makes them.",
      "A line whose expiresAt has passed is left out. A failed line does not stop the others."
    },
    sortOptions = false)
final class ImportCommand implements Callable<Integer> {
  private static final String STANDARD_INPUT = "-";

  @ParentCommand private Kv kv;

  @Parameters(
      paramLabel = "FILE",
      arity = "0..1",
      defaultValue = STANDARD_INPUT,
      description = "The file; '-' or nothing reads standard input.")
  private String file;

  @Option(
      names = "--max-errors",
      paramLabel = "N",
      defaultValue = "100",
      description = "Stop after this many failed lines. Default: ${DEFAULT-VALUE}.")
  private int maxErrors;

  @Option(
      names = "--progress",
      negatable = true,
      description = "Show a progress bar. Default: when run in a terminal.")
  private @Nullable Boolean progress;

  @SuppressWarnings("NullAway.Init") // set by picocli
  ImportCommand() {}

  @Override
  public Integer call() throws IOException {
    if (maxErrors < 1) {
      throw kv.usage("--max-errors is at least 1");
    }
    if (file.equals(STANDARD_INPUT)) {
      return read(kv.streams().in(), -1);
    }
    Path path = Path.of(file);
    try (InputStream in = Files.newInputStream(path)) {
      return read(in, Files.size(path));
    }
  }

  private int read(InputStream in, long size) throws IOException {
    long start = System.nanoTime();
    LineReader lines = new LineReader(in);
    Importer.Report report;
    try (KeyValueClient client = kv.connect();
        Progress bar = isShown() ? Progress.bar(kv.streams().err(), size) : Progress.none()) {
      Importer importer = new Importer(client, lines, maxErrors, this::warn);
      report = importer.run(() -> bar.update(lines.bytesRead(), importer.imported()));
      bar.update(lines.bytesRead(), importer.imported());
    }
    kv.streams().err().println(summary(report, (System.nanoTime() - start) / 1e9));
    return report.exitCode();
  }

  private boolean isShown() {
    return progress == null ? System.console() != null : progress;
  }

  private void warn(long line, String reason) {
    kv.fail(ExitCode.FAILURE, "line " + line + ": " + reason);
  }

  private static String summary(Importer.Report report, double seconds) {
    String counts =
        String.format(
            Locale.ROOT,
            "%d imported, %d failed, %d expired, in %.1f s (%.0f/s)",
            report.imported(),
            report.failed(),
            report.expired(),
            seconds,
            report.imported() / Math.max(seconds, 0.001));
    return report.stopped() ? counts + "; stopped after too many failures" : counts;
  }
}
