package org.kvstore.it.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.kvstore.api.ClusterDocument;
import org.kvstore.client.KeyValueClient;
import org.kvstore.it.support.Answer;
import org.kvstore.it.support.RawConnection;
import org.kvstore.it.support.RawRequest;
import org.kvstore.it.support.ServerProcess;
import org.kvstore.it.support.Service;

/** A node of a cluster: the same ports and data, over processes that come and go. */
public final class Node {
  /** Longest wait for an answer; a node that is cut off should say so earlier. */
  static final Duration PATIENCE = Duration.ofSeconds(6);

  private static final Duration ELECTION = Duration.ofMinutes(1);
  private static final int LOG_END = 3_000;
  private static final String COUNT = "/v1/kv?countOnly=true";

  private final int number;
  private final Path data;
  private final Map<String, String> variables = new HashMap<>();
  private final Service service;
  private final WallClock clock;
  private @Nullable ServerProcess process;
  private boolean paused;
  private volatile int starts;

  /**
   * @param clock by which it goes, if the variables say so
   * @param data where its data are
   */
  Node(int number, WallClock clock, Path data, Map<String, String> variables) {
    this.number = number;
    this.data = data;
    this.clock = clock;
    this.variables.putAll(variables);
    service =
        new Service(
            Integer.parseInt(Objects.requireNonNull(variables.get(ServerProcess.HTTP_PORT))));
  }

  int number() {
    return number;
  }

  public String id() {
    return "n" + number;
  }

  /** Where its data are. */
  Path data() {
    return data;
  }

  WallClock clock() {
    return clock;
  }

  public Service service() {
    return service;
  }

  /** What it tells of the cluster, and waits for if it is busy. */
  ClusterDocument cluster() {
    try (KeyValueClient client = service.client()) {
      return client.cluster().orElseThrow();
    }
  }

  /** Sends a request to a node; empty when no answer comes in some seconds. */
  static Optional<Answer> ask(Service service, RawRequest request) {
    return ask(service, request, PATIENCE);
  }

  /** Sends a request to a node; empty when no answer comes in some time. */
  static Optional<Answer> ask(Service service, RawRequest request, Duration patience) {
    try (RawConnection connection = new RawConnection(service.port(), patience)) {
      return Optional.of(connection.send(request.bytes()).read(request.line()));
    } catch (IOException none) {
      return Optional.empty();
    }
  }

  /** Whether it has a process that can do something. */
  synchronized boolean isRunning() {
    return process != null && !paused;
  }

  /** Sets a variable of the processes that it is given from now on. */
  synchronized void set(String variable, String value) {
    variables.put(variable, value);
  }

  /** What its process has printed so far. */
  synchronized String log() {
    return Objects.requireNonNull(process).log();
  }

  /** How often a process was started. */
  int starts() {
    return starts;
  }

  /** Starts a process, if it has none. */
  synchronized void start() {
    if (process == null) {
      starts++;
      process = ServerProcess.started(data, variables);
    }
  }

  /** Kills it and deletes its data. */
  synchronized void loseData() throws IOException {
    kill();
    FileTree.delete(data);
  }

  /** The same; when it starts again, it is to join. */
  synchronized void lose() throws IOException {
    loseData();
    variables.put("KV_CLUSTER_JOIN", "true");
  }

  /** The same, with other variables from then on. */
  synchronized void renew(Map<String, String> others) {
    try {
      lose();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    variables.putAll(others);
  }

  /** Waits until it is ready, and can read the newest of each shard. */
  void awaitReady() {
    Objects.requireNonNull(process).awaitReady();
    await()
        .atMost(ELECTION)
        .pollInterval(Duration.ofMillis(100))
        .until(() -> ask(service, service.get(COUNT)).map(Answer::status).equals(Optional.of(200)));
  }

  /** {@code kill -9}. */
  synchronized void kill() {
    if (process != null) {
      process.kill();
      process = null;
      paused = false;
    }
  }

  /** {@code kill -TERM}, and waits for the end. */
  synchronized void stop() {
    resume();
    if (process != null) {
      process.stop();
      process = null;
    }
  }

  /** {@code kill -STOP}. */
  synchronized void pause() {
    if (process != null) {
      signal("STOP");
      paused = true;
    }
  }

  /** {@code kill -CONT}. */
  synchronized void resume() {
    if (process != null && paused) {
      signal("CONT");
      paused = false;
    }
  }

  /** Has its process print what its threads do, and tells where that is. */
  synchronized String describe() {
    if (process == null) {
      return id() + " does not run";
    }
    signal("QUIT");
    return "%s: %s%n%s".formatted(id(), process.logFile(), end(process.log()));
  }

  private static String end(String log) {
    return log.length() <= LOG_END ? log : log.substring(log.length() - LOG_END);
  }

  private void signal(String name) {
    String pid = Long.toString(Objects.requireNonNull(process).pid());
    assertThat(Commands.run("kill", "-" + name, pid)).as("kill -%s %s", name, pid).isTrue();
  }
}
