package org.kvstore.liberty;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The command line and environment that Liberty's own {@code server run} script would use, without
 * a shell in between that signals would not pass, and without the agent that only Liberty's own
 * metrics of requests need.
 */
record ServerCommand(Path home, Path ownJar, Path runDirectory) {
  private static final String NAME = "kvstore";

  /** Liberty obeys this variable before it has read server.xml. */
  static final String EARLY_LOG_LEVEL = "WLP_LOGGING_CONSOLE_LOGLEVEL";

  /** From this Java release on, native access has to be granted and Liberty needs other exports. */
  static final int STRICT_RELEASE = 24;

  private static final int LEAST_POOL = 2;

  /**
   * @param environment that of the server
   */
  List<String> arguments(Map<String, String> environment) throws IOException {
    Path tools = home.resolve("bin/tools");
    List<String> arguments = new ArrayList<>();
    arguments.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    arguments.add("-Djdk.attach.allowAttachSelf=true");
    arguments.addAll(options(home.resolve("lib/platform/java").resolve(platformOptions())));
    if (Runtime.version().feature() >= STRICT_RELEASE) {
      arguments.add("--enable-native-access=ALL-UNNAMED");
    }
    arguments.add("-Djava.io.tmpdir=" + runDirectory.resolve(RunDirectory.TEMPORARY));
    // Signals stop it; Liberty would listen for a command that does.
    arguments.add("-Dcommand.port=-1");
    arguments.add("-Dorg.kvstore.own-process=true");
    commonPool().ifPresent(arguments::add);
    arguments.addAll(options(configuration().resolve("jvm.options")));
    HeapLimit.option(environment).ifPresent(arguments::add);
    arguments.addAll(List.of(environment.getOrDefault("KV_JAVA_OPTIONS", "").split("\\s+")));
    arguments.removeIf(String::isEmpty);
    arguments.add("-cp");
    arguments.add(ownJar + File.pathSeparator + tools.resolve("ws-server.jar"));
    arguments.add(Server.class.getName());
    arguments.add(runDirectory.resolve(RunDirectory.SERVER_LOCK).toString());
    arguments.add(NAME);
    return arguments;
  }

  /**
   * On one or two processors Java would have a pool of a single thread, and begin a new thread for
   * each thing that is to run asynchronously instead of using it: several for each write of a node.
   */
  private static Optional<String> commonPool() {
    return Runtime.getRuntime().availableProcessors() <= LEAST_POOL
        ? Optional.of("-Djava.util.concurrent.ForkJoinPool.common.parallelism=" + LEAST_POOL)
        : Optional.empty();
  }

  Map<String, String> environment() throws IOException {
    Map<String, String> environment =
        options(configuration().resolve("server.env")).stream()
            .map(line -> line.split("=", 2))
            .collect(Collectors.toMap(pair -> pair[0], pair -> pair[1], (a, b) -> b));
    environment.put(EARLY_LOG_LEVEL, System.getenv().getOrDefault("KV_LOG_LEVEL", "WARNING"));
    environment.put("WLP_OUTPUT_DIR", runDirectory.toString());
    environment.put("WLP_USER_DIR", home.resolve("usr").toString());
    return environment;
  }

  /** Has the server make traces, or not. */
  void configureTraces(boolean wanted) throws IOException {
    include("traces.xml", wanted);
  }

  /** Has the server ask clients for certificates, or not. */
  void configureClientCertificates(boolean wanted) throws IOException {
    include("client-certificates.xml", wanted);
  }

  /**
   * Puts a part of the configuration where server.xml includes it from, or takes it away: those who
   * do not ask for it do not pay for it with time to start and memory.
   */
  private void include(String part, boolean wanted) throws IOException {
    Path included = runDirectory.resolve(NAME).resolve(part);
    Files.deleteIfExists(included);
    if (wanted) {
      Files.createDirectories(included.getParent());
      Files.copy(configuration().resolve(part), included);
    }
  }

  private Path configuration() {
    return home.resolve("usr/servers").resolve(NAME);
  }

  private static String platformOptions() {
    return Runtime.version().feature() >= STRICT_RELEASE ? "java24.options" : "java9.options";
  }

  private static List<String> options(Path file) throws IOException {
    try (Stream<String> lines = Files.lines(file)) {
      return lines.map(String::strip).filter(l -> !l.isEmpty() && !l.startsWith("#")).toList();
    }
  }
}
