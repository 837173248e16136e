package org.kvstore.liberty;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
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
  private final List<LocalNode> ready = new ArrayList<>();
  private int settled;
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
    List<Thread> watches = new ArrayList<>();
    try {
      for (LocalNode node : nodes) {
        RunDirectory directory = RunDirectory.claim(installation.root().resolve(node.name()));
        directories.add(directory);
        ChildServer server = start(node, installation, directory);
        watches.add(new Thread(() -> watch(node, server), "watch-" + node.name()));
      }
      watches.forEach(Thread::start);
      for (Thread watch : watches) {
        watch.join();
      }
      return 1;
    } finally {
      for (RunDirectory directory : directories) {
        directory.close();
      }
    }
  }

  private ChildServer start(LocalNode node, Installation installation, RunDirectory directory)
      throws IOException {
    Map<String, String> variables = node.variables(nodes, System.getenv());
    ChildServer server =
        ChildServer.start(installation, directory, variables, ProcessBuilder.Redirect.PIPE);
    Process process = server.process();
    processes.add(process);
    outputs.add(NamedLines.copy(node.name(), process.getInputStream(), System.out));
    outputs.add(NamedLines.copy(node.name(), process.getErrorStream(), System.err));
    return server;
  }

  /** Reports when a node is ready, and when it has ended by itself. */
  private void watch(LocalNode node, ChildServer server) {
    settle(node, Readiness.await(server.own(), server.process()::isAlive));
    int status = server.process().onExit().join().exitValue();
    if (!stopping) {
      System.err.printf(
          "%s has ended by itself, with %d; others go on (stop and start all to have it again)%n",
          node.name(), status);
    }
  }

  /** Says what to try, once each node is ready or has ended. */
  private synchronized void settle(LocalNode node, boolean isReady) {
    settled++;
    if (isReady) {
      ready.add(node);
      System.out.println(node.name() + " is ready: " + node.url());
    }
    if (settled == nodes.size() && !ready.isEmpty()) {
      String first = ready.get(0).url();
      String last = ready.get(ready.size() - 1).url();
      System.out.printf(
          "%d of %d nodes are ready. Try: curl -X PUT -d hello %s/v1/kv/greeting && curl"
              + " %s/v1/kv/greeting%n",
          ready.size(), nodes.size(), first, last);
    }
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
