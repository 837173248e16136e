package org.kvstore.client.cli;

import java.io.BufferedOutputStream;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.kvstore.api.archive.ArchiveHead;
import org.kvstore.client.KeyValueClient;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

/** {@code kv backup}: the whole store as of one moment, in a file. */
@Command(
    name = "backup",
    description = {
      "Writes an archive of the whole store, as of one moment, while writes go on.",
      "The file appears when it is complete and checked.",
      "Of a cluster, each shard is as of one moment, and the node makes all of it before it sends;",
      "--timeout says how long that may take. Default: 30m; with several servers, 10m at the most."
    },
    sortOptions = false)
final class BackupCommand implements Callable<Integer> {
  /** A cluster's is made before its first byte is sent. */
  private static final Duration PATIENCE = Duration.ofMinutes(30);

  @ParentCommand private Kv kv;

  @Parameters(paramLabel = "FILE", description = "The archive, for example store.tar.")
  private Path file;

  @Option(names = "--force", description = "Replace a file that is there.")
  private boolean force;

  @SuppressWarnings("NullAway.Init") // set by picocli
  BackupCommand() {}

  @Override
  public Integer call() throws IOException {
    Path whole = file.toAbsolutePath();
    if (Files.exists(whole) && !force) {
      throw kv.usage(file + " is there already; --force replaces it");
    }
    Path partial = whole.resolveSibling(whole.getFileName() + ".partial");
    Duration timeout = Objects.requireNonNullElse(kv.timeout(), PATIENCE);
    // Another node would begin anew: so one has all of the time.
    try (KeyValueClient client = kv.connect(kv.servers(), timeout, timeout)) {
      ArchiveHead head;
      try (Tally bytes = new Tally(Files.newOutputStream(partial), kv.streams().err())) {
        head = client.backup(bytes);
      }
      sync(partial);
      Files.move(partial, whole, StandardCopyOption.REPLACE_EXISTING);
      kv.streams().err().println(sentence(head, Files.size(whole)));
    } finally {
      Files.deleteIfExists(partial);
    }
    return ExitCode.OK;
  }

  private static void sync(Path file) throws IOException {
    try (FileChannel channel = FileChannel.open(file)) {
      channel.force(true);
    }
  }

  static String sentence(ArchiveHead head, long bytes) {
    String sentence =
        "revision %d of store %s, made %s, %s"
            .formatted(
                head.revision(), head.storeId(), head.createdAt(), StatusCommand.size(bytes));
    return head.isEncrypted() ? sentence + ", encrypted with the key " + head.keyId() : sentence;
  }

  /** Counts on standard error what passes, once a second, and buffers it. */
  private static final class Tally extends FilterOutputStream {
    private static final long INTERVAL_NANOS = 1_000_000_000;

    private final PrintStream err;
    private long bytes;
    private long shownAt = System.nanoTime();

    Tally(OutputStream out, PrintStream err) {
      super(new BufferedOutputStream(out, 256 << 10));
      this.err = err;
    }

    @Override
    public void write(byte[] part, int offset, int length) throws IOException {
      out.write(part, offset, length);
      bytes += length;
      long now = System.nanoTime();
      if (now - shownAt >= INTERVAL_NANOS) {
        shownAt = now;
        err.println(StatusCommand.size(bytes));
      }
    }
  }
}
