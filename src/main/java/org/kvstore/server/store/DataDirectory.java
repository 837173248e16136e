package org.kvstore.server.store;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Objects;
import java.util.Queue;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.crypto.EncryptionKeys;
import org.kvstore.server.model.KeyValueException;

/**
 * The directory that holds everything durable, and the lock that keeps a second process out of it.
 *
 * <pre>
 * LOCK         locked by the process that uses the directory
 * FORMAT       format version, store id, with which key values are encrypted, and checksum;
 *              written last when a directory is initialised
 * FORMAT.new   the same while initialisation is under way: nothing was acknowledged yet
 * shards/0     the database of shard 0; on a node of a cluster there are more: those of the other
 *              shards, system, raft with the replicated logs, and CLUSTER, which says whose they are
 * tmp          copies that are sent and archives that arrive; emptied at open
 * RESTORE      a restore is decided: see {@link Replacement}; finished at open
 * RESTORE.new  the same before it is: forgotten at open
 * </pre>
 *
 * A directory that is not understood is refused and left as it is.
 */
public final class DataDirectory implements AutoCloseable {
  private static final Logger LOG = System.getLogger(DataDirectory.class.getName());
  private static final String MAGIC = "kvstore-format 1";

  /** Directories of the first servers have no checksum there. */
  private static final Pattern FORMAT_LINES =
      Pattern.compile(
          MAGIC
              + "\nstore ([0-9a-f-]{36})\n(?:encrypted ([0-9a-f]{16})\n)?(crc32c [0-9a-f]{8}\n)?");

  private static final String LOCK = "LOCK";
  static final String FORMAT = "FORMAT";
  private static final String FORMAT_NEW = "FORMAT.new";
  static final String SHARDS = "shards";
  private static final String TEMPORARY = "tmp";

  /** What a file system makes at its root, and a data directory may be a whole volume. */
  private static final String LOST_AND_FOUND = "lost+found";

  private static final Queue<FileChannel> LEFT_OPEN = new ConcurrentLinkedQueue<>();

  private final Path path;
  private final FileChannel lock;
  private final Format format;
  private final State state;
  private final AtomicInteger temporaries = new AtomicInteger();

  /** What the directory was before this open. */
  private enum State {
    NEW,
    USED,
    /** Used, and FORMAT names a key that is not the first one any more. */
    UNDER_ANOTHER_KEY
  }

  private DataDirectory(Path path, FileChannel lock, Format format, State state) {
    this.path = path;
    this.lock = lock;
    this.format = format;
    this.state = state;
  }

  /**
   * What a FORMAT file says.
   *
   * @param storeId identity of the store
   * @param keyId of the key that values are encrypted with; empty for values in clear, which is
   *     decided when a directory is initialised
   */
  record Format(String storeId, String keyId) {
    private String text() {
      String encryption = keyId.isEmpty() ? "" : "encrypted " + keyId + "\n";
      String identity = MAGIC + "\nstore " + storeId + "\n" + encryption;
      CRC32C checksum = new CRC32C();
      checksum.update(identity.getBytes(StandardCharsets.ISO_8859_1));
      return identity + "crc32c %08x\n".formatted(checksum.getValue());
    }
  }

  /** The same as {@link #open(Path, EncryptionKeys)}, without encryption. */
  public static DataDirectory open(Path path) {
    return open(path, EncryptionKeys.NONE);
  }

  /**
   * Locks a directory and checks its format; a missing or empty one is prepared for a new store.
   *
   * @param keys those of the operator; a new directory becomes an encrypted one if there is any
   * @throws KeyValueException UNAVAILABLE, saying which file is wrong and what to do; nothing was
   *     overwritten
   */
  public static DataDirectory open(Path path, EncryptionKeys keys) {
    Path directory = path.toAbsolutePath().normalize();
    FileChannel lock = lock(directory);
    try {
      if (Files.exists(directory.resolve(FORMAT))) {
        Format stored = readFormat(directory.resolve(FORMAT));
        requireKeys(directory.resolve(FORMAT), stored, keys);
        Format format = new Format(stored.storeId(), keyId(keys));
        Replacement.finishInterrupted(directory, shard(directory, 0));
        deleteTree(directory.resolve(TEMPORARY));
        State state = format.equals(stored) ? State.USED : State.UNDER_ANOTHER_KEY;
        return new DataDirectory(directory, lock, format, state);
      }
      return new DataDirectory(directory, lock, initialise(directory, keyId(keys)), State.NEW);
    } catch (IOException e) {
      closeQuietly(lock);
      throw refusal(directory, "cannot be read or written (" + e + ")", "Check its permissions", e);
    } catch (KeyValueException e) {
      closeQuietly(lock);
      throw e;
    }
  }

  /** Identity of the store, given when the directory was initialised. */
  public String storeId() {
    return format.storeId();
  }

  /** Where the directory is. */
  public Path path() {
    return path;
  }

  /** Whether this open initialised the directory, so that databases are to be made. */
  public boolean isNew() {
    return state == State.NEW;
  }

  /** The directory of one shard's database. */
  public Path shard(int id) {
    return shard(path, id);
  }

  /** What the databases are in. */
  public Path shards() {
    return path.resolve(SHARDS);
  }

  /** The directory of the database of the server's own entries, on a node of a cluster. */
  public Path system() {
    return shards().resolve("system");
  }

  /** The directory of the replicated logs, on a node of a cluster. */
  public Path logs() {
    return shards().resolve("raft");
  }

  private static Path shard(Path directory, int id) {
    return directory.resolve(SHARDS).resolve(Integer.toString(id));
  }

  /** A place for files that are on their way, missing as yet; gone when the directory is opened. */
  public Path newTemporary() {
    try {
      Path temporary = Files.createDirectories(path.resolve(TEMPORARY));
      return temporary.resolve(Integer.toString(temporaries.incrementAndGet()));
    } catch (IOException e) {
      throw refusal(path.resolve(TEMPORARY), "cannot be written", "Check permissions", e);
    }
  }

  /** Prepares the exchange of the database of shard 0; its place is made, and empty. */
  public Replacement newReplacement() {
    Path staged = newTemporary();
    try {
      Files.createDirectory(staged);
    } catch (IOException e) {
      throw refusal(staged, "cannot be written", "Check permissions and space", e);
    }
    return new Replacement(path, staged, shard(0));
  }

  /**
   * Makes a directory, into which the database of shard 0 has been copied, one that a server can be
   * started on.
   */
  public void completeCopy(Path copy) throws IOException {
    writeFormat(copy.resolve(FORMAT), format);
    sync(copy.resolve(SHARDS));
    sync(copy);
  }

  /** Where the database of shard 0 belongs in such a directory; missing as yet. */
  public static Path shardOfCopy(Path copy) throws IOException {
    Files.createDirectories(copy.resolve(SHARDS));
    return shard(copy, 0);
  }

  /**
   * Ends the initialisation of a new directory, or the change of the key of another one, durably;
   * to be called once its databases are open.
   */
  public void initialised() {
    if (state == State.USED) {
      return;
    }
    try {
      if (state == State.NEW) {
        sync(path.resolve(SHARDS));
      } else {
        writeFormat(path.resolve(FORMAT_NEW), format);
      }
      Files.move(path.resolve(FORMAT_NEW), path.resolve(FORMAT), StandardCopyOption.ATOMIC_MOVE);
      sync(path);
    } catch (IOException e) {
      throw refusal(path.resolve(FORMAT), "cannot be written", "Check permissions and space", e);
    }
  }

  /** Lets another process use the directory. */
  @Override
  public void close() {
    closeQuietly(lock);
  }

  /**
   * Keeps other processes out until it is closed; makes the directory when it is missing.
   *
   * @throws KeyValueException UNAVAILABLE when another process uses it, or it cannot be written
   */
  private static FileChannel lock(Path directory) {
    FileChannel channel;
    try {
      if (!Files.isDirectory(directory)) {
        OwnerOnly.create(directory);
      }
      channel =
          FileChannel.open(
              directory.resolve(LOCK), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    } catch (IOException e) {
      throw refusal(
          directory,
          "cannot be created or written (" + e + ")",
          "Set kv.data.dir (KV_DATA_DIR) to a directory that this user may write",
          e);
    }
    return locked(channel, false, directory);
  }

  /**
   * Keeps servers out until it is closed, and changes nothing; null when none has ever used the
   * directory, as one that was copied without its lock.
   *
   * @throws KeyValueException UNAVAILABLE when a server uses it
   */
  static @Nullable FileChannel lockToRead(Path directory) throws IOException {
    Path lock = directory.resolve(LOCK);
    return Files.exists(lock)
        ? locked(FileChannel.open(lock, StandardOpenOption.READ), true, directory)
        : null;
  }

  private static FileChannel locked(FileChannel channel, boolean shared, Path directory) {
    try {
      if (channel.tryLock(0, Long.MAX_VALUE, shared) != null) {
        return channel;
      }
    } catch (OverlappingFileLockException heldByThisProcess) {
      // Closing any channel of a file ends the locks that the process has on it: never close it.
      LEFT_OPEN.add(channel);
      throw inUse(directory);
    } catch (IOException held) {
      // Reported below: whoever holds it, it is not to be had.
    }
    closeQuietly(channel);
    throw inUse(directory);
  }

  private static KeyValueException inUse(Path directory) {
    return refusal(
        directory.resolve(LOCK),
        "is locked: another process uses this data directory",
        "Stop that process, or set kv.data.dir (KV_DATA_DIR) to another directory",
        null);
  }

  private static String keyId(EncryptionKeys keys) {
    return keys.isEmpty() ? "" : keys.first().id();
  }

  private static void requireKeys(Path file, Format format, EncryptionKeys keys) {
    String id = format.keyId();
    if (id.isEmpty() && !keys.isEmpty()) {
      throw notEncrypted(file);
    }
    if (!id.isEmpty() && keys.find(id).isEmpty()) {
      throw refusal(file, "says that the data " + keys.missing(id), EncryptionKeys.ADVICE, null);
    }
  }

  static KeyValueException notEncrypted(Path file) {
    return refusal(
        file,
        "is of data in clear, and a key is set (kv.encryption.key-file, kv.encryption.key)",
        "Start without it and make a backup; start with it in a new data directory and restore it",
        null);
  }

  /** What a FORMAT file says. */
  static Format readFormat(Path format) throws IOException {
    String text = Files.readString(format, StandardCharsets.ISO_8859_1);
    Matcher lines = FORMAT_LINES.matcher(text);
    if (!text.startsWith(MAGIC + "\n")) {
      throw refusal(
          format,
          "has a format that this server does not know; it reads '" + MAGIC + "'",
          "Use the version of the server that wrote it, or another data directory",
          null);
    }
    Format read =
        lines.matches()
            ? new Format(lines.group(1), Objects.requireNonNullElse(lines.group(2), ""))
            : null;
    if (read == null || !(lines.group(3) == null || text.equals(read.text()))) {
      throw refusal(
          format,
          "is damaged",
          "Restore it from a backup, or use the version of the server that wrote it",
          null);
    }
    return read;
  }

  private static Format initialise(Path directory, String keyId) throws IOException {
    Set<String> ours = Set.of(LOCK, FORMAT_NEW, SHARDS);
    boolean unfinished = Files.exists(directory.resolve(FORMAT_NEW));
    try (DirectoryStream<Path> files = Files.newDirectoryStream(directory)) {
      for (Path file : files) {
        String name = String.valueOf(file.getFileName());
        boolean expected =
            name.equals(LOST_AND_FOUND) || (unfinished ? ours.contains(name) : name.equals(LOCK));
        if (!expected) {
          throw refusal(
              file,
              "is in a directory without a FORMAT file, so this is not a data directory of ours",
              "Set kv.data.dir (KV_DATA_DIR) to an empty or new directory, or restore FORMAT",
              null);
        }
      }
    }
    deleteTree(directory.resolve(SHARDS));
    Format format = new Format(UUID.randomUUID().toString(), keyId);
    writeFormat(directory.resolve(FORMAT_NEW), format);
    Files.createDirectories(directory.resolve(SHARDS));
    sync(directory);
    syncAncestors(directory);
    return format;
  }

  private static void writeFormat(Path file, Format format) throws IOException {
    Files.writeString(file, format.text());
    sync(file);
  }

  /** Deletes what is of no use any more; what cannot be is tried again at the next open. */
  public static void discard(Path root) {
    try {
      deleteTree(root);
    } catch (IOException e) {
      LOG.log(Level.WARNING, "Files that are of no use could not be deleted. path={0}", root, e);
    }
  }

  /** Deletes a directory with all below it, if it is there. */
  public static void deleteTree(Path root) throws IOException {
    try (Stream<Path> files = Files.walk(root)) {
      for (Path file : files.sorted((a, b) -> b.compareTo(a)).toList()) {
        Files.delete(file);
      }
    } catch (NoSuchFileException nothingToDelete) {
      // A first start.
    }
  }

  /** The directory may be new itself, and be lost with its name. */
  private static void syncAncestors(Path directory) {
    for (Path at = directory.getParent(); at != null; at = at.getParent()) {
      try {
        sync(at);
      } catch (IOException e) {
        // One that this user may not read was there before.
        return;
      }
    }
  }

  /** Puts a small text in the place of a file, durably: a crash leaves the one or the other. */
  public static void replace(Path file, String text) throws IOException {
    Path partial = file.resolveSibling(file.getFileName() + ".new");
    Files.writeString(partial, text);
    sync(partial);
    Files.move(partial, file, StandardCopyOption.ATOMIC_MOVE);
    sync(file.resolveSibling("."));
  }

  /** Makes a file, or what a directory lists, durable. */
  public static void sync(Path path) throws IOException {
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }

  /** Why a directory is not used, and what to do. */
  public static KeyValueException refusal(
      Path file, String whatIsWrong, String whatToDo, @Nullable Throwable cause) {
    KeyValueException refusal =
        KeyValueException.of(
            ErrorCode.UNAVAILABLE,
            "%s %s. %s. Nothing was overwritten.".formatted(file, whatIsWrong, whatToDo));
    return cause == null ? refusal : refusal.withCause(cause);
  }

  private static void closeQuietly(FileChannel channel) {
    try {
      channel.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
