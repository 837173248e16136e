package org.kvstore.client.cli;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.kvstore.client.Entry;
import org.kvstore.client.KeyValueClient;
import org.kvstore.client.LocalEntry;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

/** {@code kv get}: writes a value byte for byte to standard output. */
@Command(
    name = "get",
    description = "Prints a value, byte for byte and without a line end of its own.",
    sortOptions = false)
final class GetCommand implements Callable<Integer> {
  @ParentCommand private Kv kv;

  @Parameters(paramLabel = "KEY", description = "The key.")
  private String key;

  @Option(
      names = {"-o", "--output"},
      paramLabel = "FILE",
      description = "Write to a file.")
  private @Nullable Path output;

  @ArgGroup(exclusive = true)
  private @Nullable Form form;

  @ArgGroup(exclusive = true)
  private @Nullable Moment moment;

  /** Of when it is read; by default the newest. */
  static final class Moment {
    @Option(names = "--revision", paramLabel = "N", description = "As it was at this revision.")
    @Nullable Long revision;

    @Option(
        names = "--local",
        description =
            "As the node has it that is asked, be it old; says on standard error how old.")
    boolean local;
  }

  /** How to print it. */
  static final class Form {
    @Option(names = "--json", description = "Print the entry as JSON.")
    boolean json;

    @Option(
        names = {"-l", "--long"},
        description = "Print the metadata before the value.")
    boolean detailed;
  }

  @SuppressWarnings("NullAway.Init") // set by picocli
  GetCommand() {}

  @Override
  public Integer call() throws IOException {
    Optional<Entry> found;
    try (KeyValueClient client = kv.connect()) {
      found = read(client);
    }
    if (found.isEmpty()) {
      return kv.fail(ExitCode.NOT_FOUND, "not found: " + key);
    }
    Path target = output;
    if (target == null) {
      print(found.get(), kv.streams().out());
      return ExitCode.OK;
    }
    try (PrintStream file = new PrintStream(Files.newOutputStream(target), false, "UTF-8")) {
      print(found.get(), file);
      if (file.checkError()) {
        throw new IOException("cannot write " + target);
      }
    }
    return ExitCode.OK;
  }

  private Optional<Entry> read(KeyValueClient client) {
    if (moment == null) {
      return client.get(key);
    }
    Long revision = moment.revision;
    if (revision != null) {
      return client.getAt(key, revision);
    }
    LocalEntry local = client.getLocal(key);
    String age = local.age().map(known -> known.toMillis() + " ms").orElse("unknown");
    kv.streams().err().println("age: " + age);
    return local.entry();
  }

  private void print(Entry entry, PrintStream out) throws IOException {
    if (form != null && form.json) {
      out.println(EntryText.json(entry));
      return;
    }
    if (form != null && form.detailed) {
      EntryText.metadata(entry).forEach((name, text) -> out.println(name + ": " + text));
      out.println();
    }
    entry.value().writeTo(out);
    out.flush();
  }
}
