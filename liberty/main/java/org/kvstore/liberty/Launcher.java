package org.kvstore.liberty;

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;

/**
 * What {@code java -jar kvstore.jar} runs: prepares the directories, starts the server as a child
 * process with its own heap limit, and ends when it ends, with its exit code.
 *
 * <p>The two processes live and die together. A signal to this one stops the server in order; if
 * this one is killed, the server sees the end of its standard input and stops in order as well.
 */
public final class Launcher {
  private static final int USAGE = 2;
  private static final long STOP_SECONDS = 90;

  private Launcher() {}

  public static void main(String[] arguments) throws IOException, InterruptedException {
    List<String> words = List.of(arguments);
    if (!words.isEmpty() && words.get(0).equals("verify")) {
      System.exit(verify(words.subList(1, words.size())));
    }
    for (String argument : arguments) {
      switch (argument) {
        case "-h", "--help" -> {
          System.out.print(help());
          return;
        }
        case "-V", "--version" -> {
          System.out.println("kvstore " + version());
          return;
        }
        default -> {
          System.err.println("kvstore: unknown argument: " + argument + " (try --help)");
          System.exit(USAGE);
        }
      }
    }
    System.exit(run());
  }

  private static int run() throws IOException, InterruptedException {
    try {
      Installation installation = Installation.unpacked(System.getenv());
      try (RunDirectory directory = RunDirectory.claim(installation.root())) {
        return supervise(start(installation, directory));
      }
    } catch (StartupException e) {
      System.err.println("kvstore: " + e.getMessage());
      return 1;
    }
  }

  /** Exits as the check does, which keeps 1 for damage that it found. */
  private static int verify(List<String> arguments) throws InterruptedException {
    try {
      Installation installation = Installation.unpacked(System.getenv());
      try (RunDirectory directory = RunDirectory.claim(installation.root())) {
        return supervise(new OfflineCommand(installation).verify(arguments, directory));
      }
    } catch (StartupException | IOException e) {
      System.err.println("kvstore: " + e.getMessage());
      return USAGE;
    }
  }

  private static Process start(Installation installation, RunDirectory directory)
      throws IOException {
    ServerCommand command = new ServerCommand(installation.home(), ownJar(), directory.path());
    ProcessBuilder builder = new ProcessBuilder(command.arguments());
    Map<String, String> environment = builder.environment();
    environment.putAll(command.environment());
    boolean ownPair = Environment.complete(environment, Path.of("").toAbsolutePath());
    String warning = Exposure.check(environment);
    if (!warning.isEmpty()) {
      System.err.println(warning);
    }
    SecretFiles.warnings(environment, ownPair).forEach(System.err::println);
    command.configureTraces(Environment.wantsTraces(environment));
    command.configureClientCertificates(TlsFiles.asksClients(environment));
    ServerAddress address = ServerAddress.of(environment);
    address.checkFree();
    StrictTransport.complete(environment, ownPair, address);
    TlsFiles.publish(environment, ownPair, directory.path().resolve("tls")).watch();
    Process server =
        builder
            .redirectOutput(ProcessBuilder.Redirect.INHERIT)
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    announce(
        server,
        address,
        "kvstore %s is ready: %s, data in %s"
            .formatted(version(), address, environment.get("KV_DATA_DIR")));
    return server;
  }

  /** Says the message once the service is ready; the child's own ones are about trouble only. */
  private static void announce(Process server, ServerAddress address, String message) {
    if (address.own().isEmpty()) {
      return;
    }
    Thread watch =
        new Thread(
            () -> {
              if (Readiness.await(address.own().get(0), server::isAlive)) {
                System.out.println(message);
              }
            },
            "ready-watch");
    watch.setDaemon(true);
    watch.start();
  }

  private static int supervise(Process server) throws InterruptedException {
    Thread stop = new Thread(() -> stop(server), "stop-server");
    Runtime.getRuntime().addShutdownHook(stop);
    return server.waitFor();
  }

  private static void stop(Process server) {
    server.destroy();
    try {
      if (!server.waitFor(STOP_SECONDS, TimeUnit.SECONDS)) {
        server.destroyForcibly();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  static Path ownJar() {
    return Path.of(
        URI.create(Launcher.class.getProtectionDomain().getCodeSource().getLocation().toString()));
  }

  private static String version() {
    return Objects.requireNonNullElse(
        Launcher.class.getPackage().getImplementationVersion(), "unknown");
  }

  private static String help() throws IOException {
    try (InputStream text = Launcher.class.getResourceAsStream("help.txt")) {
      return new String(Objects.requireNonNull(text).readAllBytes(), StandardCharsets.UTF_8);
    }
  }
}
