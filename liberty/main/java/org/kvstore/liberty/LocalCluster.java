package org.kvstore.liberty;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * {@code cluster}: all nodes of a cluster on this machine, for trying out, as children of this
 * process. They start at once, as none is ready before a majority is there, and stop with this
 * process; one that ends before is reported, and the others go on.
 */
final class LocalCluster {
  private static final String NODES = "--nodes";
  private static final String PORT = "--port";
  private static final String DATA = "--data";
  private static final int DEFAULT_PORT = 8080;

  private final List<LocalNode> nodes;
  private final List<Process> processes = new CopyOnWriteArrayList<>();
  private final List<Thread> outputs = new CopyOnWriteArrayList<>();
  private volatile boolean stopping;

  private LocalCluster(List<LocalNode> nodes) {
    this.nodes = nodes;
  }

  /** Returns what to exit with, when no node is left. */
  static int run(List<String> words) throws IOException, InterruptedException {
    Options options = Options.parse("cluster", words, Set.of(NODES, PORT, DATA), Set.of());
    if (options.wantsHelp()) {
      System.out.print(Launcher.text("cluster.txt"));
      return 0;
    }
    Path directory = Path.of(options.value(DATA).orElse("data-cluster")).toAbsolutePath();
    try {
      List<LocalNode> nodes =
          LocalNodes.of(
              directory, options.number(NODES), options.number(PORT).orElse(DEFAULT_PORT));
      nodes.forEach(LocalNode::checkFree);
      LocalNodes.keep(directory, nodes);
      return new LocalCluster(nodes).run();
    } catch (IOException e) {
      throw new StartupException("cannot start the nodes in " + directory, e);
    }
  }

  private int run() throws IOException, InterruptedException {
    Runtime.getRuntime().addShutdownHook(new Thread(this::stop, "stop-nodes"));
    Installation installation = Installation.unpacked(System.getenv());
    List<RunDirectory> directories = new ArrayList<>();
    try {
      List<CompletableFuture<Boolean>> ready = new ArrayList<>();
      for (LocalNode node : nodes) {
        RunDirectory directory = RunDirectory.claim(installation.root().resolve(node.name()));
        directories.add(directory);
        ready.add(start(node, installation, directory));
      }
      announceAll(ready);
      for (Process process : processes) {
        process.waitFor();
      }
      return 1;
    } finally {
      for (RunDirectory directory : directories) {
        directory.close();
      }
    }
  }

  /** The future says whether it has become ready. */
  private CompletableFuture<Boolean> start(
      LocalNode node, Installation installation, RunDirectory directory) throws IOException {
    Map<String, String> variables = node.variables(nodes, System.getenv());
    ChildServer server =
        ChildServer.start(installation, directory, variables, ProcessBuilder.Redirect.PIPE);
    Process process = server.process();
    processes.add(process);
    outputs.add(NamedLines.copy(node.name(), process.getInputStream(), System.out));
    outputs.add(NamedLines.copy(node.name(), process.getErrorStream(), System.err));
    process.onExit().thenAccept(ended -> report(node, ended.exitValue()));
    CompletableFuture<Boolean> ready = new CompletableFuture<>();
    Thread watch =
        new Thread(
            () -> {
              boolean isReady = Readiness.await(server.own(), process::isAlive);
              if (isReady) {
                System.out.println(node.name() + " is ready: " + node.url());
              }
              ready.complete(isReady);
            },
            "ready-watch-" + node.name());
    watch.setDaemon(true);
    watch.start();
    return ready;
  }

  private void report(LocalNode node, int status) {
    if (!stopping) {
      System.err.printf(
          "%s has ended by itself, with %d; the others go on (stop and start all to have it again)%n",
          node.name(), status);
    }
  }

  /** Says what to try, once each node is ready or has ended. */
  private void announceAll(List<CompletableFuture<Boolean>> ready) {
    CompletableFuture.allOf(ready.toArray(CompletableFuture[]::new))
        .thenRun(
            () -> {
              List<LocalNode> usable =
                  nodes.stream().filter(node -> ready.get(nodes.indexOf(node)).join()).toList();
              if (!usable.isEmpty()) {
                System.out.println(
                    "%d of %d nodes are ready. Try: curl -X PUT -d hello %s/v1/kv/greeting && curl %s/v1/kv/greeting"
                        .formatted(
                            usable.size(),
                            nodes.size(),
                            usable.get(0).url(),
                            usable.get(usable.size() - 1).url()));
              }
            });
  }

  private void stop() {
    stopping = true;
    ChildServer.stop(processes);
    try {
      for (Thread output : outputs) {
        output.join();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
