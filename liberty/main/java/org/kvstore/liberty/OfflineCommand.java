package org.kvstore.liberty;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A command that works on a data directory without a server: a main class of the application, run
 * with the application's own classes and libraries.
 */
final class OfflineCommand {
  private static final String APPLICATION = "usr/servers/kvstore/apps/kvstore.war";

  private final Installation installation;

  OfflineCommand(Installation installation) {
    this.installation = installation;
  }

  /** The process that checks a data directory; what it prints is printed by this one. */
  Process verify(List<String> arguments, RunDirectory directory) throws IOException {
    Path classes = application().resolve("WEB-INF");
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    if (Runtime.version().feature() >= ServerCommand.STRICT_RELEASE) {
      command.add("--enable-native-access=ALL-UNNAMED");
    }
    command.add("-Djava.io.tmpdir=" + directory.path().resolve(RunDirectory.TEMPORARY));
    command.add("-cp");
    command.add(classes.resolve("classes") + File.pathSeparator + classes.resolve("lib/*"));
    command.add("org.kvstore.server.store.Verifier");
    command.addAll(arguments);
    return new ProcessBuilder(command).inheritIO().start();
  }

  /** The application, unpacked beside the server at first use. */
  private Path application() throws IOException {
    Path unpacked = installation.root().resolve("application");
    if (!Files.isDirectory(unpacked)) {
      try (var content = Files.newInputStream(installation.home().resolve(APPLICATION))) {
        Installation.unpack(content, "", unpacked);
      }
    }
    return unpacked;
  }
}
