package org.kvstore.it.support;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * What {@code java -jar kvstore.jar verify} says.
 *
 * @param code its exit code
 */
public record Verification(int code, String text) {
  /** Runs it to its end. */
  public static Verification of(String... arguments) throws IOException, InterruptedException {
    return of(Map.of(), arguments);
  }

  /** The same with some variables. */
  public static Verification of(Map<String, String> variables, String... arguments)
      throws IOException, InterruptedException {
    Path target = Path.of(System.getProperty("it.target"));
    Path output = Files.createTempFile(target, "verify", ".out");
    List<String> command = new ArrayList<>();
    command.add(ServerProcess.java().toString());
    command.addAll(List.of("-jar", System.getProperty("it.launcher"), "verify"));
    command.addAll(List.of(arguments));
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().putAll(variables);
    builder.environment().put("KV_INSTALL_DIR", target.resolve("install").toString());
    Process process = builder.redirectErrorStream(true).redirectOutput(output.toFile()).start();
    try {
      assertThat(process.waitFor(5, TimeUnit.MINUTES)).as("%s", command).isTrue();
    } finally {
      process.destroyForcibly();
    }
    return new Verification(process.exitValue(), Files.readString(output, StandardCharsets.UTF_8));
  }
}
