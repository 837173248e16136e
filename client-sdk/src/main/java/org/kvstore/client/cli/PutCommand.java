package org.kvstore.client.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.kvstore.client.KeyValueClient;
import org.kvstore.client.PutOptions;
import org.kvstore.client.Value;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

/** {@code kv put}: writes a value and prints its entity tag. */
@Command(name = "put", description = "Writes a value and prints its new ETag.", sortOptions = false)
final class PutCommand implements Callable<Integer> {
  private static final String STANDARD_INPUT = "-";
  private static final String TEXT = "text/plain;charset=UTF-8";

  @ParentCommand private Kv kv;

  @Parameters(index = "0", paramLabel = "KEY", description = "The key.")
  private String key;

  @Parameters(
      index = "1",
      paramLabel = "VALUE",
      arity = "0..1",
      description = "The value as text; '-' or nothing reads standard input.")
  private @Nullable String value;

  @Option(names = "--file", paramLabel = "FILE", description = "Take the value from a file.")
  private @Nullable Path file;

  @Option(
      names = "--content-type",
      paramLabel = "TYPE",
      description = "Media type. Default: text/plain for VALUE, else application/octet-stream.")
  private @Nullable String contentType;

  @Option(names = "--ttl", paramLabel = "TIME", description = "Expire after 30s, 5m, 2h, 1d ...")
  private @Nullable Duration ttl;

  @Option(names = "--keep-ttl", description = "Keep the time to live that the entry has.")
  private boolean keepTtl;

  @Option(
      names = "--lease",
      paramLabel = "ID",
      description = "Delete the entry when this lease ends.")
  private @Nullable String lease;

  @ArgGroup(exclusive = true)
  private @Nullable Condition condition;

  @Option(
      names = "--idempotency-key",
      paramLabel = "NAME",
      description = "Name this write, so that a repeat is not applied twice.")
  private @Nullable String idempotencyKey;

  /** When to write. */
  static final class Condition {
    @Option(
        names = "--if-match",
        paramLabel = "ETAG",
        description = "Only if the entry has this ETag.")
    @Nullable String ifMatch;

    @Option(names = "--if-absent", description = "Only if the key does not exist.")
    boolean ifAbsent;
  }

  @SuppressWarnings("NullAway.Init") // set by picocli
  PutCommand() {}

  @Override
  public Integer call() throws IOException {
    Value bytes = bytes();
    try (KeyValueClient client = kv.connect()) {
      kv.streams().out().println(client.put(key, bytes, options()).etag());
    }
    return ExitCode.OK;
  }

  private Value bytes() throws IOException {
    if (file != null) {
      if (value != null) {
        throw kv.usage("VALUE and --file exclude each other");
      }
      return Value.of(Files.readAllBytes(file));
    }
    if (value == null || value.equals(STANDARD_INPUT)) {
      return Value.of(kv.streams().in().readAllBytes());
    }
    return Value.of(value);
  }

  private PutOptions options() {
    PutOptions options = PutOptions.none();
    if (contentType != null) {
      options = options.withContentType(contentType);
    } else if (value != null && !value.equals(STANDARD_INPUT)) {
      options = options.withContentType(TEXT);
    }
    options = ttl == null ? options : options.withTtl(ttl);
    options = keepTtl ? options.withKeptTtl() : options;
    options = lease == null ? options : options.withLease(lease);
    options = idempotencyKey == null ? options : options.withIdempotencyKey(idempotencyKey);
    if (condition == null) {
      return options;
    }
    String etag = condition.ifMatch;
    return etag == null ? options.withIfAbsent() : options.withIfMatch(etag);
  }
}
