package org.kvstore.client.cli;

import java.io.IOException;
import java.io.PrintStream;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Iterator;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.kvstore.client.Entry;
import org.kvstore.client.KeyRange;
import org.kvstore.client.KeyValueClient;
import org.kvstore.client.ListOptions;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

/** {@code kv ls}: lists keys, page by page, in constant memory. */
@Command(
    name = "ls",
    description = "Lists the keys, all at one point in time, in order of their bytes.",
    sortOptions = false)
final class ListCommand implements Callable<Integer> {
  private static final String ROW = "%10s  %7s  %9s  %-24s  %-20s  %s%n";

  /** Values are read to know their sizes, so pages stay small. */
  private static final int DETAILED_PAGE = 100;

  @ParentCommand private Kv kv;

  @Parameters(
      paramLabel = "PREFIX",
      arity = "0..1",
      defaultValue = "",
      description = "Only keys that start with this.")
  private String prefix;

  @ArgGroup(exclusive = true)
  private @Nullable Form form;

  @Option(names = "--limit", paramLabel = "N", description = "List at most this many keys.")
  private @Nullable Integer limit;

  @Option(
      names = "--local",
      description =
          "As the node has them that is asked, be it old. Another node may be behind it, and then"
              + " does not go on with a list.")
  private boolean local;

  /** How to list. */
  static final class Form {
    @Option(
        names = {"-l", "--long"},
        description = "With revision, version, size, type and time of expiry. Reads the values.")
    boolean detailed;

    @Option(names = "--tree", description = "As a tree, with '/' between the levels.")
    boolean tree;

    @Option(names = "--count", description = "Only how many there are.")
    boolean count;
  }

  @SuppressWarnings("NullAway.Init") // set by picocli
  ListCommand() {}

  @Override
  public Integer call() throws IOException {
    if (limit != null && limit < 1) {
      throw kv.usage("--limit is at least 1");
    }
    PrintStream out = kv.streams().out();
    try (KeyValueClient client = kv.connect()) {
      if (form != null && form.count) {
        out.println(client.count(KeyRange.prefix(prefix), moment(ListOptions.defaults())));
        return ExitCode.OK;
      }
      list(client, out);
    }
    return out.checkError() ? ExitCode.FAILURE : ExitCode.OK;
  }

  private void list(KeyValueClient client, PrintStream out) {
    boolean detailed = form != null && form.detailed;
    int page = detailed ? DETAILED_PAGE : ListOptions.MAX_LIMIT;
    int most = limit == null ? Integer.MAX_VALUE : limit;
    ListOptions sized = ListOptions.defaults().withLimit(Math.min(page, most));
    ListOptions options = detailed ? sized : sized.withoutValues();
    Iterator<Entry> entries =
        client.entries(KeyRange.prefix(prefix), moment(options)).limit(most).iterator();
    Consumer<Entry> printer = printer(out);
    for (int row = 1; entries.hasNext(); row++) {
      printer.accept(entries.next());
      if (row % page == 0 && out.checkError()) {
        return;
      }
    }
  }

  private ListOptions moment(ListOptions options) {
    return local ? options.local() : options;
  }

  private Consumer<Entry> printer(PrintStream out) {
    if (form != null && form.tree) {
      Tree tree = new Tree(out);
      return entry -> tree.add(entry.key());
    }
    if (form != null && form.detailed) {
      out.printf(ROW, "REVISION", "VERSION", "SIZE", "TYPE", "EXPIRES", "KEY");
      return entry -> row(entry, out);
    }
    return entry -> out.println(entry.key());
  }

  private static void row(Entry entry, PrintStream out) {
    Instant expiresAt = entry.expiresAt();
    out.printf(
        ROW,
        entry.modRevision(),
        entry.version(),
        entry.value().size(),
        entry.contentType(),
        expiresAt == null ? "-" : expiresAt.truncatedTo(ChronoUnit.SECONDS),
        entry.key());
  }
}
