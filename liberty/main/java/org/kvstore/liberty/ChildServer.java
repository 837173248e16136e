package org.kvstore.liberty;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;

/**
 * A server that runs as a child of this process. It stops in order when it gets a signal, and when
 * this process ends, however that comes.
 *
 * @param process its process
 * @param address where it listens
 * @param data its data directory
 */
record ChildServer(Process process, ServerAddress address, String data) {
  static final long STOP_SECONDS = 90;

  /**
   * Starts one, once everything that can be told beforehand is in order.
   *
   * @param variables take the place of those of this process
   * @param output where it prints to
   */
  static ChildServer start(
      Installation installation,
      RunDirectory directory,
      Map<String, String> variables,
      ProcessBuilder.Redirect output)
      throws IOException {
    ServerCommand command =
        new ServerCommand(installation.home(), Launcher.ownJar(), directory.path());
    ProcessBuilder builder = new ProcessBuilder();
    Map<String, String> environment = builder.environment();
    environment.putAll(command.environment());
    environment.putAll(variables);
    boolean ownPair = Environment.complete(environment, Path.of("").toAbsolutePath());
    warn(Exposure.check(environment));
    warn(SecretFiles.warnings(environment, ownPair));
    ClusterPort.of(environment).ifPresent(port -> warn(port.check()));
    command.configureTraces(Environment.wantsTraces(environment));
    command.configureClientCertificates(TlsFiles.asksClients(environment));
    ServerAddress address = ServerAddress.of(environment);
    address.checkFree();
    StrictTransport.complete(environment, ownPair, address);
    TlsFiles.publish(environment, ownPair, directory.path().resolve("tls")).watch();
    String data = Objects.requireNonNull(environment.get("KV_DATA_DIR"));
    builder.command(command.arguments(environment));
    Process process = builder.redirectOutput(output).redirectError(output).start();
    return new ChildServer(process, address, data);
  }

  private static void warn(List<String> warnings) {
    warnings.forEach(System.err::println);
  }

  /** Where this machine reaches it; it has to be open. */
  URI own() {
    return address.own().get(0);
  }

  /** Stops servers, all at a time, and waits until they have ended. */
  static void stop(Collection<Process> servers) {
    // By their handles: a process itself would close what the last lines of the server come by.
    servers.forEach(server -> server.toHandle().destroy());
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(STOP_SECONDS);
    try {
      for (Process server : servers) {
        if (!server.waitFor(deadline - System.nanoTime(), TimeUnit.NANOSECONDS)) {
          server.destroyForcibly();
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
