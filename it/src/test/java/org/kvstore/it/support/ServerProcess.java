package org.kvstore.it.support;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;

/**
 * The packaged server, started as a user starts it: {@code java -jar kvstore.jar} with variables.
 * It is a launcher process with the server as its child.
 */
public final class ServerProcess implements AutoCloseable {
  /** Longest start and stop; generous, as the machine may be busy. */
  private static final Duration PATIENCE = Duration.ofMinutes(4);

  /** The variable that names the port, for a server that takes the place of an earlier one. */
  public static final String HTTP_PORT = "KV_HTTP_PORT";

  /**
   * Most servers of tests live for seconds, and start twice as fast with the first compiler alone.
   */
  public static final String QUICK_START = "-XX:TieredStopAtLevel=1";

  private static final int CLOSED = -1;
  private static final Path TARGET = Path.of(System.getProperty("it.target"));

  private final Process launcher;
  private final List<ProcessHandle> all = new ArrayList<>();
  private final Service service;
  private final int httpsPort;
  private final Path log;

  private ServerProcess(Process launcher, int httpPort, int httpsPort, Path log) {
    this.launcher = launcher;
    service = new Service(httpPort);
    this.httpsPort = httpsPort;
    this.log = log;
  }

  /** Starts a server on a data directory and waits until it is ready. */
  public static ServerProcess ready(Path data) {
    return ready(data, Map.of());
  }

  /** Starts a server with more variables and waits until it is ready. */
  public static ServerProcess ready(Path data, Map<String, String> variables) {
    ServerProcess server = start(data, variables);
    try {
      server.awaitHealth(200);
      return server;
    } catch (RuntimeException | Error e) {
      server.close();
      throw e;
    }
  }

  /** Starts a server and waits until it answers, ready or not. */
  public static ServerProcess answering(Path data) {
    return answering(data, Map.of());
  }

  /** Starts a server with more variables and waits until it answers, ready or not. */
  public static ServerProcess answering(Path data, Map<String, String> variables) {
    ServerProcess server = start(data, variables);
    try {
      server.awaitHealth(503);
      return server;
    } catch (RuntimeException | Error e) {
      server.close();
      throw e;
    }
  }

  /** Starts a server with more variables and kills it at some moment, ready or not. */
  public static void killedWhileStarting(
      Path data, Map<String, String> variables, BooleanSupplier moment) {
    try (ServerProcess server = start(data, variables)) {
      await()
          .atMost(PATIENCE)
          .pollInterval(Duration.ofMillis(5))
          .until(() -> server.launcher.children().findAny().isPresent() && moment.getAsBoolean());
      server.kill();
    }
  }

  /** Starts a server with more variables and waits for nothing. */
  public static ServerProcess started(Path data, Map<String, String> variables) {
    return start(data, variables);
  }

  private static ServerProcess start(Path data, Map<String, String> variables) {
    try {
      int[] ports = Ports.free(InetAddress.getLoopbackAddress(), 2);
      Path log =
          Files.createTempFile(Files.createDirectories(TARGET.resolve("logs")), "server", ".log");
      ProcessBuilder builder =
          new ProcessBuilder(
              java().toString(), QUICK_START, "-jar", System.getProperty("it.launcher"));
      Map<String, String> environment = new TreeMap<>(variables);
      environment.putIfAbsent("KV_DATA_DIR", data.toString());
      environment.putIfAbsent("KV_TLS_DIR", TARGET.resolve("tls").toString());
      environment.putIfAbsent("KV_INSTALL_DIR", TARGET.resolve("install").toString());
      environment.putIfAbsent(HTTP_PORT, Integer.toString(ports[0]));
      int httpPort = Integer.parseInt(environment.get(HTTP_PORT));
      environment.putIfAbsent("KV_HTTPS_PORT", Integer.toString(ports[1]));
      environment.putIfAbsent("KV_LOG_LEVEL", "INFO");
      // A slow machine is no overload, unless that is what a test is about.
      environment.putIfAbsent("KV_LIMITS_QUEUE_DELAY", "5s");
      environment.putIfAbsent("KV_JAVA_OPTIONS", QUICK_START);
      builder.environment().putAll(environment);
      builder.redirectErrorStream(true).redirectOutput(log.toFile());
      return new ServerProcess(builder.start(), httpPort, ports[1], log);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The running Java. */
  public static Path java() {
    return Path.of(System.getProperty("java.home"), "bin", "java");
  }

  /** A new directory for a story. */
  public static Path directory(String name) {
    try {
      return Files.createTempDirectory(Files.createDirectories(TARGET.resolve("data")), name)
          .resolve("data");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The process id of the server itself. */
  public long pid() {
    return launcher.children().findFirst().orElseThrow().pid();
  }

  public Service service() {
    return service;
  }

  public int httpsPort() {
    return httpsPort;
  }

  /** Where it prints to. */
  public Path logFile() {
    return log;
  }

  /** What the server has printed so far. */
  public String log() {
    try {
      return Files.readString(log);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Kills the server process itself, as {@code kill -9} does, and waits for its end. */
  public void kill() {
    await()
        .atMost(PATIENCE)
        .pollInterval(Duration.ofMillis(5))
        .until(() -> launcher.children().findAny().isPresent() || !launcher.isAlive());
    launcher.children().forEach(ServerProcess::kill);
    close();
  }

  private static void kill(ProcessHandle server) {
    server.destroyForcibly();
    server.onExit().orTimeout(PATIENCE.toSeconds(), SECONDS).join();
  }

  /** Whether nothing has ended it yet. */
  public boolean isAlive() {
    return launcher.isAlive();
  }

  /** Waits until it is ready. */
  public void awaitReady() {
    awaitHealth(200);
  }

  /** Stops the server as Ctrl-C does, and waits for its end. */
  public void stop() {
    remember();
    launcher.destroy();
    awaitEnd();
  }

  /** Kills what is left, by its process id; a story about an orderly end stops it before. */
  @Override
  public void close() {
    remember();
    all.forEach(ProcessHandle::destroyForcibly);
    launcher.destroy();
    if (!awaitEnd()) {
      launcher.destroyForcibly();
    }
  }

  private void remember() {
    try (Stream<ProcessHandle> children = launcher.descendants()) {
      children.forEach(all::add);
    }
  }

  private boolean awaitEnd() {
    try {
      return launcher.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  private void awaitHealth(int status) {
    await()
        .atMost(PATIENCE)
        .pollInterval(Duration.ofMillis(200))
        .ignoreExceptions()
        .until(
            () -> {
              assertThat(launcher.isAlive()).as("%s", log()).isTrue();
              if (service.port() == CLOSED) {
                return log().contains(" is ready: ");
              }
              return service.get("/health/ready").send().status() == status
                  && (status == 200 || log().contains("not ready"));
            });
  }
}
