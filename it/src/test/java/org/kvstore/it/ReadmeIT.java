package org.kvstore.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
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
  private static final String TOUR = "A tour with curl|Operations";
  private static final String ACCESS = "Who may do what";
  private static final String TLS = "TLS";
  private static final Pattern VARIABLE = Pattern.compile("(KV_\\w+)=(\\S+)");
  private static final Pattern START =
      Pattern.compile("(?s)```\n((?:KV_\\w+=\\S+ )+)java -jar liberty/target/kvstore.jar\n```");
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
  Stream<DynamicTest> tourWithCurl_answersAsItsCommentsSay() {
    List<String> blocks = Readme.blocks(TOUR);
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
      List<String> blocks = Readme.blocks(ACCESS);
      assertThat(blocks).isNotEmpty();
      for (String block : blocks) {
        run(block, secured);
      }
    }
  }

  @Test
  void certificates_areServedAndTakenForWhoTheirNamesSay()
      throws IOException, InterruptedException {
    List<String> blocks = Readme.blocks(TLS);
    assertThat(blocks).hasSize(2);
    run(blocks.get(0), server);
    try (ServerProcess started =
        ServerProcess.ready(ServerProcess.directory("readme-tls"), startOf(TLS))) {
      run(blocks.get(1), started);
    }
  }

  /** The variables of the section's command that starts a server; files are where it makes them. */
  private static Map<String, String> startOf(String section) {
    Map<String, String> variables = new HashMap<>();
    for (String start : Readme.found(section, START)) {
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

  private static void run(String block, ServerProcess on) throws IOException, InterruptedException {
    Readme.run(
        block
            .replace(HOME, on.service().uri().toString())
            .replace(SECURE_HOME, "https://127.0.0.1:" + on.httpsPort()),
        WORK);
  }
}
