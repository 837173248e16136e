package org.kvstore.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/** What the README has people paste into a shell. */
final class Readme {
  /** Longest run of a block; generous, as the machine may be busy. */
  private static final long PATIENCE_MINUTES = 3;

  private static final Pattern BLOCK = Pattern.compile("(?s)```sh\n(.*?)```");
  private static final Pattern PROMISED = Pattern.compile("(?m)# (\\d{3})\\b");
  private static final Pattern ANSWERED = Pattern.compile("(?m)^HTTP/(?:1.1|2) (\\d{3})");

  private Readme() {}

  /** The blocks of the sections whose titles match. */
  static List<String> blocks(String titles) {
    return found(titles, BLOCK);
  }

  /** What the first group of a pattern matches in the sections whose titles match. */
  static List<String> found(String titles, Pattern wanted) {
    try {
      String readme = Files.readString(Path.of(System.getProperty("it.readme")));
      return Pattern.compile("(?s)\n## (?:" + titles + ")\n(.*?)(?=\n## )")
          .matcher(readme)
          .results()
          .flatMap(section -> wanted.matcher(section.group(1)).results())
          .map(found -> found.group(1))
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Runs a block in a directory: every command succeeds, and the statuses that its comments promise
   * are the ones that come, in their order. Returns what was printed.
   */
  static String run(String block, Path directory) throws IOException, InterruptedException {
    Path output = directory.resolve("output");
    Process shell =
        new ProcessBuilder("bash", "-e", "-c", block)
            .directory(directory.toFile())
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start();
    try {
      assertThat(shell.waitFor(PATIENCE_MINUTES, TimeUnit.MINUTES)).as(block).isTrue();
    } finally {
      shell.destroyForcibly();
    }
    String printed = Files.readString(output);
    assertThat(shell.exitValue()).as(printed).isZero();
    List<String> promised = numbers(PROMISED, block);
    List<String> answered = numbers(ANSWERED, printed);
    assertThat(answered)
        .as(printed)
        .allMatch(status -> status.startsWith("2") || promised.contains(status));
    if (!promised.isEmpty()) {
      assertThat(answered).as(printed).containsSubsequence(promised);
    }
    return printed;
  }

  private static List<String> numbers(Pattern pattern, String text) {
    return pattern.matcher(text).results().map((MatchResult match) -> match.group(1)).toList();
  }
}
