package org.kvstore.liberty;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.time.Clock;
import java.util.List;
import java.util.Set;

/** {@code certificates}: makes what the nodes of a cluster prove themselves to each other by. */
final class CertificatesCommand {
  private static final String DIRECTORY = "--directory";
  private static final String NODES = "--nodes";
  private static final String FORCE = "--force";

  private CertificatesCommand() {}

  /** Returns what to exit with. */
  static int run(List<String> words, PrintStream out) throws IOException, InterruptedException {
    Options options = Options.parse("certificates", words, Set.of(DIRECTORY, NODES), Set.of(FORCE));
    if (options.wantsHelp()) {
      out.print(Launcher.text("certificates.txt"));
      return 0;
    }
    Path directory = Path.of(options.required(DIRECTORY));
    List<NamedNode> nodes = NamedNode.parse(options.required(NODES));
    try {
      make(new NodeAuthority(directory, Clock.systemUTC()), nodes, options.has(FORCE), out);
      out.printf(
          "A node needs its own two files and authority.crt; keep %s away from all of them.%n",
          directory.resolve("authority.key"));
      return 0;
    } catch (IOException | GeneralSecurityException e) {
      throw new StartupException("cannot make certificates in " + directory, e);
    }
  }

  private static void make(
      NodeAuthority authority, List<NamedNode> nodes, boolean replace, PrintStream out)
      throws IOException, InterruptedException, GeneralSecurityException {
    authority.prepare(nodes, replace);
    out.printf("authority.crt, until %s%n", authority.end());
    for (NamedNode node : nodes) {
      out.printf(
          "%1$s.crt and %1$s.key, for %2$s, until %3$s%n",
          node.name(), String.join(" and ", node.hosts()), authority.issue(node));
    }
  }
}
