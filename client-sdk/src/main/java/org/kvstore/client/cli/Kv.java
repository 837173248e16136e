package org.kvstore.client.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.util.Arrays;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;
import org.kvstore.client.KeyValueClient;
import org.kvstore.client.KeyValueClientBuilder;
import picocli.AutoComplete;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/** The program: its entry point, and the options that every command shares. */
@Command(
    name = "kv",
    description = "Reads and writes a key-value store over HTTP.",
    mixinStandardHelpOptions = true,
    scope = ScopeType.INHERIT,
    versionProvider = Kv.Version.class,
    synopsisSubcommandLabel = "COMMAND",
    sortOptions = false,
    subcommands = {
      PutCommand.class,
      GetCommand.class,
      DeleteCommand.class,
      ListCommand.class,
      WaitCommand.class,
      WatchCommand.class,
      HistoryCommand.class,
      IncrementCommand.class,
      LeaseCommand.class,
      ExportCommand.class,
      ImportCommand.class,
      BackupCommand.class,
      VerifyBackupCommand.class,
      RestoreCommand.class,
      StatusCommand.class,
      ClusterCommand.class,
      CompactCommand.class,
      AutoComplete.GenerateCompletion.class
    },
    footerHeading = "%nA key or value that starts with '-' goes after '--'.%n",
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:success",
      "1:failure",
      "2:wrong usage, or a key or parameter that is not valid",
      "3:the key does not exist",
      "4:the condition of a write does not hold; nothing was written",
      "5:unavailable or timed out; the outcome of a write may be unknown"
    })
public final class Kv {
  private static final Duration DEFAULT_TIMEOUT = Duration.ofSeconds(30);
  private static final int NODES_IN_TIME = 3;
  private static final char REPLACEMENT_CHARACTER = '\uFFFD';

  private final Streams streams;

  @Spec private @Nullable CommandSpec spec;

  @Option(
      names = {"-s", "--server"},
      paramLabel = "URL[,URL...]",
      scope = ScopeType.INHERIT,
      defaultValue = "${env:KV_URL:-http://127.0.0.1:8080}",
      description =
          "The service; of a cluster, some or all of its nodes. Default: KV_URL, else http://127.0.0.1:8080.")
  private String servers = "http://127.0.0.1:8080";

  @Option(
      names = "--timeout",
      paramLabel = "TIME",
      scope = ScopeType.INHERIT,
      description =
          "How long an answer may take, or wait, watch, cluster add, remove and drain in all: 500ms, 30s, 5m."
              + " Default: 30s; backup 30m; undrain, rebalance and --no-wait 70s (2m with several"
              + " servers); wait, watch, cluster add, remove and drain no end. restore has a day,"
              + " whatever is said.")
  private @Nullable Duration timeout;

  @Option(
      names = "--cacert",
      paramLabel = "PEM",
      scope = ScopeType.INHERIT,
      description = "Trust the certificates in this file, for https.")
  private @Nullable Path trusted;

  @Option(
      names = "--cert",
      paramLabel = "PEM",
      scope = ScopeType.INHERIT,
      description = "The certificate in this file says who is asking, for https.")
  private @Nullable Path certificate;

  @Option(
      names = "--key",
      paramLabel = "PEM",
      scope = ScopeType.INHERIT,
      description = "The private key of the certificate. Default: it is in the same file.")
  private @Nullable Path key;

  @Option(
      names = "--token-file",
      paramLabel = "FILE",
      scope = ScopeType.INHERIT,
      defaultValue = "${env:KV_TOKEN_FILE:-}",
      description =
          "The token in this file says who is asking. Default: KV_TOKEN_FILE, else the token KV_TOKEN.")
  private @Nullable Path tokenFile;

  @Option(
      names = {"-v", "--verbose"},
      scope = ScopeType.INHERIT,
      description = "Show the log and stack traces.")
  private boolean verbose;

  private Kv(Streams streams) {
    this.streams = streams;
  }

  /** Runs the program and ends the process with its exit code. */
  public static void main(String[] arguments) {
    useQuietLogs();
    Streams streams = Streams.ofProcess();
    int code = isGarbled(arguments) ? garbled(streams) : run(streams, arguments);
    streams.out().flush();
    System.exit(code);
  }

  static int run(Streams streams, String... arguments) {
    Kv kv = new Kv(streams);
    CommandLine line = new CommandLine(kv);
    line.setOut(new PrintWriter(streams.out(), true, StandardCharsets.UTF_8));
    line.setErr(new PrintWriter(streams.err(), true, StandardCharsets.UTF_8));
    line.setExpandAtFiles(false);
    line.setCaseInsensitiveEnumValuesAllowed(true);
    line.registerConverter(Duration.class, Durations::parse);
    line.setExecutionExceptionHandler((failure, command, result) -> kv.report(failure));
    line.setExecutionStrategy(
        result -> {
          kv.showLogs();
          return new CommandLine.RunLast().execute(result);
        });
    line.setParameterExceptionHandler((wrong, given) -> kv.explain(wrong));
    return line.execute(arguments);
  }

  Streams streams() {
    return streams;
  }

  @Nullable Duration timeout() {
    return timeout;
  }

  /** The servers that the options name, with commas between several. */
  String servers() {
    return servers;
  }

  /** Makes a client for the server that the options name. */
  KeyValueClient connect() throws IOException {
    return connect(timeout == null ? DEFAULT_TIMEOUT : timeout);
  }

  /** In a cluster, there is time left for others when a node has not answered. */
  KeyValueClient connect(Duration readTimeout) throws IOException {
    boolean isOne = servers.indexOf(',') < 0;
    return connect(
        servers, isOne ? readTimeout : readTimeout.dividedBy(NODES_IN_TIME), readTimeout);
  }

  /**
   * Makes a client.
   *
   * @param at the servers; with several, a request is sent again while its time lasts
   * @param one how long a server may take
   * @param all how long a request may take, when there are several servers
   */
  KeyValueClient connect(String at, Duration one, Duration all) throws IOException {
    try {
      KeyValueClientBuilder builder = KeyValueClient.builder(at);
      builder.readTimeout(one).connectTimeout(shorter(one, KeyValueClientBuilder.CONNECT_TIMEOUT));
      if (at.indexOf(',') >= 0) {
        builder.totalTimeout(shorter(all, KeyValueClientBuilder.MAX_TOTAL_TIMEOUT));
      }
      useCertificates(builder);
      String token = token();
      if (!token.isEmpty()) {
        builder.token(token);
      }
      return builder.build();
    } catch (IllegalArgumentException wrongUrl) {
      throw usage(String.valueOf(wrongUrl.getMessage()));
    } catch (GeneralSecurityException unusable) {
      throw usage("The certificates cannot be used: " + unusable.getMessage());
    }
  }

  private void useCertificates(KeyValueClientBuilder builder)
      throws IOException, GeneralSecurityException {
    if (trusted != null) {
      builder.trustStore(KeyStores.ofTrusted(trusted));
    }
    Path own = certificate;
    if (own == null && key != null) {
      throw usage("--key takes --cert, the certificate of the key.");
    }
    if (own != null) {
      char[] password = new char[0];
      builder.keyStore(KeyStores.ofPair(own, key == null ? own : key, password), password);
    }
  }

  /** An option would show the token to everybody who lists processes. */
  private String token() throws IOException {
    Path file = tokenFile;
    return file == null || file.toString().isEmpty()
        ? System.getenv().getOrDefault("KV_TOKEN", "").strip()
        : Files.readString(file).strip();
  }

  /** A failure of the arguments, with exit code {@link ExitCode#USAGE}. */
  ParameterException usage(String message) {
    CommandSpec known = spec;
    if (known == null) {
      throw new IllegalStateException(message);
    }
    return new ParameterException(known.commandLine(), message);
  }

  /** Writes one line to standard error and returns the exit code, for a command to return. */
  int fail(int exitCode, String message) {
    streams.out().flush();
    streams.err().println("kv: " + message);
    return exitCode;
  }

  private int report(Exception failure) {
    if (failure instanceof ParameterException wrong) {
      return explain(wrong);
    }
    if (verbose) {
      failure.printStackTrace(streams.err());
    }
    return fail(Failures.exitCode(failure), Failures.sentence(failure));
  }

  private int explain(ParameterException wrong) {
    String command = wrong.getCommandLine().getCommandSpec().qualifiedName();
    fail(ExitCode.USAGE, String.valueOf(wrong.getMessage()));
    streams.err().println("Try '" + command + " --help'.");
    return ExitCode.USAGE;
  }

  private void showLogs() {
    if (verbose) {
      Logger.getLogger("").setLevel(Level.INFO);
    }
  }

  /** Logs are off unless asked for; naming the log classes here saves looking for them. */
  private static void useQuietLogs() {
    System.setProperty("org.jboss.logging.provider", "jdk");
    System.setProperty(
        "org.apache.commons.logging.Log", "org.apache.commons.logging.impl.Jdk14Logger");
    Logger.getLogger("").setLevel(Level.OFF);
  }

  /**
   * Whether the Java runtime has decoded an argument wrongly, as it does with anything but ASCII
   * when the locale is POSIX. Going on would read or write another key.
   */
  private static boolean isGarbled(String[] arguments) {
    return !"UTF-8".equals(System.getProperty("sun.jnu.encoding"))
        && Arrays.stream(arguments).anyMatch(text -> text.indexOf(REPLACEMENT_CHARACTER) >= 0);
  }

  private static int garbled(Streams streams) {
    streams.err().println("kv: an argument is not ASCII and the locale is not UTF-8.");
    streams.err().println("Set it first, for example: export LC_ALL=C.UTF-8");
    return ExitCode.USAGE;
  }

  static Duration shorter(Duration a, Duration b) {
    return a.compareTo(b) < 0 ? a : b;
  }

  /** The version in the manifest of the program's jar. */
  static final class Version implements CommandLine.IVersionProvider {
    @Override
    public String[] getVersion() {
      String version = Kv.class.getPackage().getImplementationVersion();
      return new String[] {"kv " + (version == null ? "(development)" : version)};
    }
  }
}
