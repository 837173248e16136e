package org.kvstore.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.kvstore.it.support.ServerProcess;

/**
 * The README's tour and what it says to operators, pasted literally into a shell: every command
 * succeeds, and the statuses that its comments promise are the ones that come, in their order.
 */
class ReadmeIT {
  private static final String HOME = "http://127.0.0.1:8080";
  private static final String SECURE_HOME = "https://127.0.0.1:8443";
  private static final Pattern TOUR =
      Pattern.compile("(?s)\n## (?:A tour with curl|Operations)\n(.*?)(?=\n## )");
  private static final Pattern ACCESS = Pattern.compile("(?s)\n## Who may do what\n(.*?)(?=\n## )");
  private static final Pattern TLS = Pattern.compile("(?s)\n## TLS\n(.*?)(?=\n## )");
  private static final Pattern VARIABLE = Pattern.compile("(KV_\\w+)=(\\S+)");
  private static final Pattern START =
      Pattern.compile("(?s)```\n((?:KV_\\w+=\\S+ )+)java -jar liberty/target/kvstore.jar\n```");
  private static final Pattern BLOCK = Pattern.compile("(?s)```sh\n(.*?)```");
  private static final Pattern PROMISED = Pattern.compile("(?m)# (\\d{3})\\b");
  private static final Pattern ANSWERED = Pattern.compile("(?m)^HTTP/(?:1.1|2) (\\d{3})");
  private static final Path WORK = ServerProcess.directory("readme");

  private static ServerProcess server;

  @BeforeAll
  static void start() throws IOException {
    Files.createDirectories(WORK);
    server = ServerProcess.ready(ServerProcess.directory("readme-data"));
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  @TestFactory
  Stream<DynamicTest> tourWithCurl_answersAsItsCommentsSay() throws IOException {
    List<String> blocks = blocks(TOUR);
    assertThat(blocks).hasSizeGreaterThan(4);
    return blocks.stream()
        .map(
            block ->
                DynamicTest.dynamicTest(
                    block.lines().findFirst().orElse(""), () -> run(block, server)));
  }

  @Test
  void tokensAndGrants_doWhatTheirCommentsSay() throws IOException, InterruptedException {
    Path token =
        Files.writeString(
            WORK.resolve("operator-token"), "operator-0123456789-0123456789-0123456789\n");
    try (ServerProcess secured =
        ServerProcess.ready(
            ServerProcess.directory("readme-access"),
            Map.of("KV_SECURITY_ADMIN_TOKEN_FILE", token.toString()))) {
      List<String> blocks = blocks(ACCESS);
      assertThat(blocks).isNotEmpty();
      for (String block : blocks) {
        run(block, secured);
      }
    }
  }

  @Test
  void certificates_areServedAndTakenForWhoTheirNamesSay()
      throws IOException, InterruptedException {
    List<String> blocks = blocks(TLS);
    assertThat(blocks).hasSize(2);
    run(blocks.get(0), server);
    try (ServerProcess started =
        ServerProcess.ready(ServerProcess.directory("readme-tls"), startOf(TLS))) {
      run(blocks.get(1), started);
    }
  }

  /** The variables of the section's command that starts a server; files are where it makes them. */
  private static Map<String, String> startOf(Pattern section) throws IOException {
    Map<String, String> variables = new HashMap<>();
    for (String start : found(section, START)) {
      VARIABLE
          .matcher(start)
          .results()
          .forEach(
              variable -> {
                Path file = WORK.resolve(variable.group(2));
                variables.put(
                    variable.group(1), Files.exists(file) ? file.toString() : variable.group(2));
              });
    }
    return variables;
  }

  private static List<String> blocks(Pattern section) throws IOException {
    return found(section, BLOCK);
  }

  private static List<String> found(Pattern section, Pattern wanted) throws IOException {
    String readme = Files.readString(Path.of(System.getProperty("it.readme")));
    return section
        .matcher(readme)
        .results()
        .flatMap(text -> wanted.matcher(text.group(1)).results())
        .map(block -> block.group(1))
        .toList();
  }

  private static void run(String block, ServerProcess on) throws IOException, InterruptedException {
    Path output = WORK.resolve("output");
    String script =
        block
            .replace(HOME, on.service().uri().toString())
            .replace(SECURE_HOME, "https://127.0.0.1:" + on.httpsPort());
    Process shell =
        new ProcessBuilder("bash", "-e", "-c", script)
            .directory(WORK.toFile())
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start();
    try {
      assertThat(shell.waitFor(60, TimeUnit.SECONDS)).as(block).isTrue();
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
  }

  private static List<String> numbers(Pattern pattern, String text) {
    return pattern.matcher(text).results().map((MatchResult match) -> match.group(1)).toList();
  }
}
