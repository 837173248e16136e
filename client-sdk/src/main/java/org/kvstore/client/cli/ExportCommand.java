package org.kvstore.client.cli;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.kvstore.client.KeyRange;
import org.kvstore.client.KeyValueClient;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

/** {@code kv export}: one line of JSON a key, of one point in time. */
@Command(
    name = "export",
    description = "Writes all entries as lines of JSON, all at one point in time.",
    sortOptions = false)
final class ExportCommand implements Callable<Integer> {
  @ParentCommand private Kv kv;

  @Parameters(
      paramLabel = "PREFIX",
      arity = "0..1",
      defaultValue = "",
      description = "Only keys that start with this.")
  private String prefix;

  @Option(
      names = {"-o", "--output"},
      paramLabel = "FILE",
      description = "Write to a file, which appears when it is complete.")
  private @Nullable Path output;

  @SuppressWarnings("NullAway.Init") // set by picocli
  ExportCommand() {}

  @Override
  public Integer call() throws IOException {
    try (KeyValueClient client = kv.connect();
        InputStream lines = client.export(KeyRange.prefix(prefix))) {
      if (output == null) {
        lines.transferTo(kv.streams().out());
        return kv.streams().out().checkError() ? ExitCode.FAILURE : ExitCode.OK;
      }
      writeWhole(lines, output.toAbsolutePath());
    }
    return ExitCode.OK;
  }

  /** Writes beside the file first, so that a broken export never looks like a whole one. */
  private static void writeWhole(InputStream lines, Path file) throws IOException {
    Path partial = file.resolveSibling(file.getFileName() + ".partial");
    try {
      Files.copy(lines, partial, StandardCopyOption.REPLACE_EXISTING);
      Files.move(partial, file, StandardCopyOption.REPLACE_EXISTING);
    } finally {
      Files.deleteIfExists(partial);
    }
  }
}
