package org.kvstore.it.access;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** On which addresses and ports a process listens, as Linux says. */
final class Listening {
  private static final String LISTEN = "0A";
  private static final int ADDRESS = 1;
  private static final int STATE = 3;
  private static final int INODE = 9;

  private Listening() {}

  static Set<Integer> ports(long pid) throws IOException {
    return sockets(pid).stream()
        .map(socket -> Integer.parseInt(socket.substring(socket.indexOf(':') + 1), 16))
        .collect(Collectors.toSet());
  }

  /** In hexadecimal, as they are in memory. */
  static Set<String> addresses(long pid) throws IOException {
    return sockets(pid).stream()
        .map(socket -> socket.substring(0, socket.indexOf(':')))
        .collect(Collectors.toSet());
  }

  private static Set<String> sockets(long pid) throws IOException {
    Path process = Path.of("/proc", Long.toString(pid));
    try (Stream<Path> files = Files.list(process.resolve("fd"))) {
      Set<String> open = files.map(Listening::target).collect(Collectors.toSet());
      return Stream.of("net/tcp", "net/tcp6")
          .flatMap(table -> rows(process.resolve(table)))
          .map(row -> row.strip().split("\\s+"))
          .filter(row -> row[STATE].equals(LISTEN))
          .filter(row -> open.contains("socket:[" + row[INODE] + "]"))
          .map(row -> row[ADDRESS])
          .collect(Collectors.toSet());
    }
  }

  private static Stream<String> rows(Path table) {
    try {
      return Files.readAllLines(table).stream().skip(1);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Files come and go meanwhile. */
  private static String target(Path link) {
    try {
      return Files.readSymbolicLink(link).toString();
    } catch (IOException e) {
      return "";
    }
  }
}
