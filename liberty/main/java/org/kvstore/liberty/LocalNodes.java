package org.kvstore.liberty;

import static java.nio.file.StandardCopyOption.ATOMIC_MOVE;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * The nodes whose data one directory holds. How many they are and where they hear each other is
 * chosen once and written there, as both are part of their data; where clients reach them is not.
 */
final class LocalNodes {
  private static final int BY_DEFAULT = 3;
  private static final List<Integer> ALLOWED = List.of(1, 3, 5);
  private static final int DISTANCE = 1000;
  private static final int HIGHEST_PORT = 65_535;

  private LocalNodes() {}

  /**
   * Reads or chooses them.
   *
   * @param wanted how many, if that is said
   * @param port the HTTP port of the first
   */
  static List<LocalNode> of(Path directory, Optional<Integer> wanted, int port) throws IOException {
    Path file = directory.resolve("raft-ports");
    List<Integer> ports = Files.exists(file) ? read(file) : chosen(wanted.orElse(BY_DEFAULT), port);
    if (wanted.isPresent() && wanted.get() != ports.size()) {
      throw new StartupException(
          "%s has the data of %d nodes, not of %d: leave out --nodes, or choose another --data"
              .formatted(directory, ports.size(), wanted.get()));
    }
    if (port + ports.size() - 1 > HIGHEST_PORT) {
      throw StartupException.ofUsage("--port %d is too high".formatted(port));
    }
    return IntStream.range(0, ports.size())
        .mapToObj(i -> node(directory, i, port + i, ports.get(i)))
        .toList();
  }

  private static LocalNode node(Path directory, int index, int port, int raftPort) {
    String name = "n" + (index + 1);
    return new LocalNode(name, port, raftPort, directory.resolve(name));
  }

  private static List<Integer> chosen(int nodes, int port) {
    if (!ALLOWED.contains(nodes)) {
      throw StartupException.ofUsage("--nodes is %d, not one of %s".formatted(nodes, ALLOWED));
    }
    int first = port + DISTANCE + nodes > HIGHEST_PORT ? port - DISTANCE : port + DISTANCE;
    return IntStream.range(first, first + nodes).boxed().toList();
  }

  private static List<Integer> read(Path file) throws IOException {
    try {
      return Files.readAllLines(file).stream().map(Integer::valueOf).toList();
    } catch (NumberFormatException e) {
      throw new StartupException("%s is not a list of ports".formatted(file), e);
    }
  }

  /** Writes down what was chosen, before any of them starts. */
  static void keep(Path directory, List<LocalNode> nodes) throws IOException {
    Path file = directory.resolve("raft-ports");
    Files.createDirectories(directory, OwnerOnly.directory(directory));
    Path partial = directory.resolve("raft-ports.partial");
    Files.write(partial, nodes.stream().map(node -> Integer.toString(node.raftPort())).toList());
    Files.move(partial, file, ATOMIC_MOVE);
  }
}
