package org.kvstore.server.store;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.crypto.EncryptionKeys;
import org.kvstore.server.model.KeyValueException;
import org.rocksdb.LiveFileMetaData;
import org.rocksdb.RocksDBException;

/**
 * Checks a data directory that no server uses, and changes nothing in it: every checksum of every
 * log and table file, and the tables against each other.
 */
public final class Verifier {
  /** Everything is as it should be. */
  public static final int SOUND = 0;

  /** Something is damaged; what, was printed. */
  public static final int DAMAGED = 1;

  /** It could not be checked: not a data directory, in use, not readable. */
  public static final int CANNOT_TELL = 2;

  private static final String HELP =
      """
      Usage: verify DIRECTORY

      Checks a data directory (KV_DATA_DIR) that no server uses; nothing in it is changed. Of a
      node of a cluster it checks the databases, not the replicated logs: those a start checks.
      It reads everything: each log record and each block of each table has a checksum; then
      each row is held against the rows of other tables that it implies. The rows of an encrypted
      directory are read with the key of KV_ENCRYPTION_KEY_FILE or KV_ENCRYPTION_KEY.

      Prints what was checked, and a line DAMAGED with the file or row for each problem. The
      digest of a shard is of what it holds: replicas that have applied the same have the same.
      Exit code: 0 sound, 1 damaged, 2 cannot tell (no data directory, in use, not readable,
      no key).
      """;

  private static final String ADVICE =
      """
      What to do: keep this directory as it is, check the disk, and restore a backup into another
      directory; a node of a cluster is removed, and added with a new directory, and the others
      send it everything. A server refuses to start on damaged logs; with a damaged table it
      starts, and answers 500 to what it would read from there.
      """;

  /** A database, or what is to take its place. */
  private static final Pattern PLACE =
      Pattern.compile("([0-9]+|system)(" + Pattern.quote(Replacement.BESIDE) + ")?");

  private final Path directory;
  private final EncryptionKeys keys;
  private final PrintStream out;
  private final Findings findings;

  /** What the file FORMAT says; null when it cannot be read. */
  private DataDirectory.@Nullable Format format;

  /** Why the rows of a shard could not be read; null as long as they could. */
  private @Nullable String locked;

  private Verifier(Path directory, EncryptionKeys keys, PrintStream out) {
    this.directory = directory;
    this.keys = keys;
    this.out = out;
    findings = new Findings(out);
  }

  /** Runs it as a process of its own. */
  public static void main(String[] arguments) {
    int code = CANNOT_TELL;
    try {
      code = run(List.of(arguments), EncryptionKeys.read(Verifier::variable), System.out);
    } catch (KeyValueException e) {
      System.out.println("cannot tell: " + e.getMessage());
    } catch (RuntimeException | LinkageError | OutOfMemoryError e) {
      System.out.println("cannot tell: " + e);
    }
    System.exit(code);
  }

  /** A property is configured as the server's is, by a variable that is not empty. */
  private static Optional<String> variable(String property) {
    String name = property.replaceAll("[.-]", "_").toUpperCase(Locale.ROOT);
    return Optional.ofNullable(System.getenv(name)).filter(value -> !value.isEmpty());
  }

  /** Takes the words of the command line, prints, and returns the exit code. */
  static int run(List<String> arguments, EncryptionKeys keys, PrintStream out) {
    if (arguments.contains("--help") || arguments.contains("-h")) {
      out.print(HELP);
      return SOUND;
    }
    if (arguments.size() != 1 || arguments.get(0).startsWith("-")) {
      out.print(HELP);
      return CANNOT_TELL;
    }
    return new Verifier(Path.of(arguments.get(0)).toAbsolutePath().normalize(), keys, out).verify();
  }

  private int verify() {
    if (!Files.exists(directory.resolve(DataDirectory.FORMAT))) {
      return cannotTell(directory + " is not a data directory: it has no file FORMAT.");
    }
    try (FileChannel lock = DataDirectory.lockToRead(directory)) {
      checkFormat();
      checkShards();
    } catch (KeyValueException e) {
      return cannotTell(e.getMessage());
    } catch (IOException e) {
      return cannotTell(e.toString());
    }
    if (findings.problems() > 0) {
      return damaged();
    }
    return locked == null ? sound() : cannotTell(locked);
  }

  private void checkShards() throws IOException {
    List<Path> shards;
    try {
      shards = shards();
    } catch (KeyValueException e) {
      findings.problem(directory.toString(), e);
      return;
    }
    if (shards.isEmpty()) {
      findings.problem(directory.resolve(DataDirectory.SHARDS).toString(), "has no database");
    }
    for (Path shard : shards) {
      checkShard(shard);
    }
  }

  private int sound() {
    out.println("sound");
    return SOUND;
  }

  private int damaged() {
    out.printf("damaged: %d problem(s)%n%s", findings.problems(), ADVICE);
    return DAMAGED;
  }

  private int cannotTell(String reason) {
    out.println("cannot tell: " + reason);
    return CANNOT_TELL;
  }

  private void checkFormat() throws IOException {
    Path file = directory.resolve(DataDirectory.FORMAT);
    try {
      DataDirectory.Format read = DataDirectory.readFormat(file);
      findings.checked("%s: store %s", directory, read.storeId());
      format = read;
    } catch (KeyValueException e) {
      findings.problem(file.toString(), e);
    }
  }

  /** The databases that a server would open, were it started now. */
  private List<Path> shards() throws IOException {
    Path decided = Replacement.decided(directory);
    if (decided != null) {
      findings.checked("a restore is decided: the next start of a server finishes it");
      if (Files.isDirectory(decided)) {
        return List.of(decided);
      }
    }
    Path shards = directory.resolve(DataDirectory.SHARDS);
    if (!Files.isDirectory(shards)) {
      return List.of();
    }
    List<Path> databases = new ArrayList<>();
    for (Path place : places(shards)) {
      Path next = Replacement.decidedBeside(place);
      if (next != null && Files.isDirectory(next)) {
        findings.checked("%s: an exchange is decided, which a start finishes", place);
        databases.add(next);
      } else if (Files.isDirectory(place)) {
        databases.add(place);
      }
    }
    return databases;
  }

  /** Where databases are, or one is to be. Replicated logs are beside them, on a node. */
  private static Set<Path> places(Path shards) throws IOException {
    Set<Path> places = new TreeSet<>();
    try (Stream<Path> all = Files.list(shards)) {
      for (Path directory : all.filter(Files::isDirectory).toList()) {
        Matcher name = PLACE.matcher(String.valueOf(directory.getFileName()));
        if (name.matches()) {
          places.add(shards.resolve(name.group(1)));
        }
      }
    }
    return places;
  }

  /** A damaged log may keep RocksDB searching without end, so it is not opened then. */
  private void checkShard(Path shard) throws IOException {
    findings.checked("%s:", shard);
    long before = findings.problems();
    try {
      checkLogs(shard);
      if (findings.problems() > before) {
        findings.checked("  not opened, as its log is damaged: tables are not checked");
        return;
      }
      check(shard);
    } catch (KeyValueException e) {
      findings.problem(shard.toString(), e);
    }
  }

  private void check(Path shard) {
    try (Database database = Database.openReadOnly(shard, StoreOptions.defaults(directory))) {
      checkFiles(shard, database.files());
      checkKey(shard, KeyRow.masterOf(database));
      try {
        database.unlock(keys, (wrong, advice) -> locked(shard, wrong, advice));
      } catch (KeyValueException e) {
        locked = e.getMessage();
        findings.checked("  the rows were not checked");
        return;
      }
      TableCheck.run(database, findings);
    }
  }

  /**
   * Holds what FORMAT says of the key against the database. A crash while the key was changed
   * leaves them different, which the next start mends if it has both keys; no start accepts
   * anything else.
   */
  private void checkKey(Path shard, String actual) {
    String said = format == null ? actual : format.keyId();
    if (said.equals(actual)) {
      return;
    }
    String what =
        "says that the data is %s, but %s is %s"
            .formatted(encryption(said), shard, encryption(actual));
    if (keys.find(said).isPresent() && keys.find(actual).isPresent()) {
      findings.checked("  FORMAT %s: the change of the key goes on at the next start", what);
    } else {
      findings.problem(directory.resolve(DataDirectory.FORMAT).toString(), what);
    }
  }

  private static String encryption(String keyId) {
    return keyId.isEmpty() ? "in clear" : "encrypted with the key " + keyId;
  }

  private static KeyValueException locked(Path shard, String whatIsWrong, String whatToDo) {
    return KeyValueException.of(
        ErrorCode.UNAVAILABLE, "%s %s. %s.".formatted(shard, whatIsWrong, whatToDo));
  }

  private void checkLogs(Path shard) throws IOException {
    Database.requireCurrent(shard);
    List<Path> logs = LogCheck.logs(shard);
    LogCheck.damages(shard)
        .forEach(damage -> findings.problem(damage.file().toString(), damage.what()));
    long bytes = 0;
    for (Path log : logs) {
      bytes += Files.size(log);
    }
    findings.checked("  %d log files, %d bytes", logs.size(), bytes);
  }

  private void checkFiles(Path shard, List<LiveFileMetaData> files) {
    long bytes = 0;
    for (LiveFileMetaData file : files) {
      bytes += file.size();
      checkFile(Path.of(shard + file.fileName()));
    }
    findings.checked("  %d table files, %d bytes", files.size(), bytes);
  }

  private void checkFile(Path file) {
    try {
      TableFile.verify(file);
    } catch (RocksDBException e) {
      findings.problem(file.toString(), e);
    }
  }
}
