package org.kvstore.liberty;

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * What {@code java -jar kvstore.jar} runs: prepares the directories, starts the server as a child
 * process with its own heap limit, and ends when it ends, with its exit code. Other commands than
 * that are named by the first argument.
 *
 * <p>The two processes live and die together. A signal to this one stops the server in order; if
 * this one is killed, the server sees the end of its standard input and stops in order as well.
 */
public final class Launcher {
  private static final int USAGE = 2;

  private Launcher() {}

  public static void main(String[] arguments) throws IOException, InterruptedException {
    List<String> words = List.of(arguments);
    String command = words.isEmpty() ? "" : words.get(0);
    List<String> options = words.subList(Math.min(1, words.size()), words.size());
    System.exit(
        switch (command) {
          case "verify" -> verify(options);
          case "cluster" -> run(() -> LocalCluster.run(options));
          case "certificates" -> run(() -> CertificatesCommand.run(options, System.out));
          default -> run(() -> server(words));
        });
  }

  /** A command: what it returns is what the process exits with. */
  private interface Command {
    int run() throws IOException, InterruptedException;
  }

  private static int run(Command command) throws IOException, InterruptedException {
    try {
      return command.run();
    } catch (StartupException e) {
      System.err.println("kvstore: " + e.getMessage());
      return e.status();
    }
  }

  private static int server(List<String> words) throws IOException, InterruptedException {
    for (String word : words) {
      switch (word) {
        case "-h", "--help" -> {
          System.out.print(text("help.txt"));
          return 0;
        }
        case "-V", "--version" -> {
          System.out.println("kvstore " + version());
          return 0;
        }
        default -> throw StartupException.ofUsage("unknown argument: " + word + " (try --help)");
      }
    }
    Installation installation = Installation.unpacked(System.getenv());
    try (RunDirectory directory = RunDirectory.claim(installation.root())) {
      ChildServer server =
          ChildServer.start(installation, directory, Map.of(), ProcessBuilder.Redirect.INHERIT);
      announce(server);
      return supervise(server.process());
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

  /** Says that the service is ready once it is; the child's own messages are about trouble only. */
  private static void announce(ChildServer server) {
    if (server.address().own().isEmpty()) {
      return;
    }
    String message =
        "kvstore %s is ready: %s, data in %s".formatted(version(), server.address(), server.data());
    Thread watch =
        new Thread(
            () -> {
              if (Readiness.await(server.own(), server.process()::isAlive)) {
                System.out.println(message);
              }
            },
            "ready-watch");
    watch.setDaemon(true);
    watch.start();
  }

  private static int supervise(Process server) throws InterruptedException {
    Thread stop = new Thread(() -> ChildServer.stop(List.of(server)), "stop-server");
    Runtime.getRuntime().addShutdownHook(stop);
    return server.waitFor();
  }

  static Path ownJar() {
    return Path.of(
        URI.create(Launcher.class.getProtectionDomain().getCodeSource().getLocation().toString()));
  }

  private static String version() {
    return Objects.requireNonNullElse(
        Launcher.class.getPackage().getImplementationVersion(), "unknown");
  }

  /** A text that is in this jar. */
  static String text(String name) throws IOException {
    try (InputStream text = Launcher.class.getResourceAsStream(name)) {
      return new String(Objects.requireNonNull(text).readAllBytes(), StandardCharsets.UTF_8);
    }
  }
}
