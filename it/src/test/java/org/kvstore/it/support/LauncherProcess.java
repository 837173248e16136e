package org.kvstore.it.support;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** A command of {@code java -jar kvstore.jar}, with the processes that it starts. */
public final class LauncherProcess implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofMinutes(4);
  private static final Path TARGET = Path.of(System.getProperty("it.target"));

  /** Servers of a launcher that was killed. */
  private final List<ProcessHandle> orphans = new ArrayList<>();

  private final Process process;
  private final Path log;

  private LauncherProcess(Process process, Path log) {
    this.process = process;
    this.log = log;
  }

  /** Starts a command with some variables. */
  public static LauncherProcess start(Map<String, String> variables, String... words) {
    List<String> command = new ArrayList<>();
    command.addAll(List.of(ServerProcess.java().toString(), "-jar"));
    command.add(System.getProperty("it.launcher"));
    command.addAll(List.of(words));
    return start(new ProcessBuilder(command), variables);
  }

  /** Starts what a person would paste into a terminal, of which the last line is the command. */
  public static LauncherProcess inTerminal(Path directory, String variables, String line) {
    String script = variables + "exec env " + line;
    return start(
        new ProcessBuilder("bash", "-e", "-c", script).directory(directory.toFile()), Map.of());
  }

  private static LauncherProcess start(ProcessBuilder builder, Map<String, String> variables) {
    try {
      Path log =
          Files.createTempFile(Files.createDirectories(TARGET.resolve("logs")), "command", ".log");
      builder.environment().put("KV_INSTALL_DIR", TARGET.resolve("install").toString());
      builder.environment().put("KV_JAVA_OPTIONS", ServerProcess.QUICK_START);
      builder.environment().put("KV_LIMITS_QUEUE_DELAY", "5s");
      builder.environment().putAll(variables);
      builder.redirectErrorStream(true).redirectOutput(log.toFile());
      return new LauncherProcess(builder.start(), log);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** What it and its children have printed so far. */
  public String log() {
    try {
      return Files.readString(log);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Waits until it has printed something. */
  public void awaitLog(String text) {
    await()
        .atMost(PATIENCE)
        .pollInterval(Duration.ofMillis(100))
        .failFast(() -> assertThat(process.isAlive()).as("%s", log()).isTrue())
        .until(() -> log().contains(text));
  }

  /** The processes that it has started and that run. */
  public List<ProcessHandle> children() {
    try (Stream<ProcessHandle> children = process.children()) {
      return children.toList();
    }
  }

  /** The one of them that has this among its arguments. */
  public ProcessHandle child(String argument) {
    return children().stream()
        .filter(
            child ->
                child.info().arguments().map(List::of).orElse(List.of()).stream()
                    .anyMatch(each -> each.contains(argument)))
        .findFirst()
        .orElseThrow();
  }

  /** Stops it as Ctrl-C does, and waits for its end. */
  public void stop() {
    process.destroy();
    exitCode();
  }

  /** Kills it, as {@code kill -9} does; its servers are to end by themselves. */
  public void kill() {
    orphans.addAll(children());
    process.destroyForcibly();
    exitCode();
  }

  /** What it has ended with, after a wait for that. */
  public int exitCode() {
    try {
      if (!process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
        throw new AssertionError("still running: " + log());
      }
      return process.exitValue();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError(e);
    }
  }

  /** Kills what is left, by its process id; a story about an orderly end stops it before. */
  @Override
  public void close() {
    List<ProcessHandle> left = new ArrayList<>(orphans);
    left.addAll(children());
    left.forEach(ProcessHandle::destroyForcibly);
    process.destroy();
    try {
      exitCode();
    } finally {
      process.destroyForcibly();
    }
  }
}
