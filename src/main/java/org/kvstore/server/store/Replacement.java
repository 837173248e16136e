package org.kvstore.server.store;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.kvstore.server.model.KeyValueException;

/**
 * The exchange of a shard's database for another one. Wherever a crash ends it, the next open finds
 * all of the old database or all of the new one, and never goes from the new one back.
 *
 * <p>The new database is complete and durable in a directory of its own before the exchange begins.
 * Then the file {@code RESTORE} appears, which names that directory: from there on the exchange is
 * only ever finished, by {@link #finish} here or when the data directory is opened. Each step may
 * be done again.
 */
public final class Replacement implements AutoCloseable {
  private static final String INTENT = "RESTORE";
  private static final String INTENT_NEW = "RESTORE.new";
  private static final String GATHERING = "tmp/1";

  /** What a directory ends in that a database gathers in beside the one whose place it takes. */
  static final String BESIDE = ".install";

  private static final Pattern STAGED = Pattern.compile("tmp/[0-9]{1,10}\n");

  private final Path directory;
  private final Path staged;
  private final Path shard;
  private boolean committed;
  private boolean finished;
  private boolean closed;

  /** One step on the way; a test stops between any two. */
  @FunctionalInterface
  interface Step {
    void run() throws IOException;
  }

  /**
   * @param directory the data directory
   * @param staged where the new database gathers, below it
   * @param shard the place that it is to take
   */
  Replacement(Path directory, Path staged, Path shard) {
    this.directory = directory;
    this.staged = staged;
    this.shard = shard;
  }

  /**
   * Prepares the exchange of one database, apart from all others of the data directory: what it
   * needs is beside that database. The directory that the new one gathers in is missing as yet.
   */
  public static Replacement beside(Path shard) {
    Path directory = workplace(shard);
    settle(shard);
    try {
      Files.createDirectories(directory.resolve(GATHERING).resolveSibling("."));
      DataDirectory.sync(shard.resolveSibling("."));
    } catch (IOException e) {
      throw DataDirectory.refusal(directory, "cannot be written", "Check permissions and space", e);
    }
    return new Replacement(directory, directory.resolve(GATHERING), shard);
  }

  /** Finishes or forgets the exchange of such a database; nobody has it open. */
  static void settle(Path shard) {
    Path directory = workplace(shard);
    if (!Files.exists(directory)) {
      return;
    }
    try {
      finishInterrupted(directory, shard);
    } catch (IOException e) {
      throw DataDirectory.refusal(directory, "cannot be written (" + e + ")", "Check it", e);
    }
    DataDirectory.discard(directory);
  }

  /**
   * Whether there is a database, once an exchange that was interrupted is finished or forgotten.
   */
  public static boolean isDatabase(Path shard) {
    settle(shard);
    return Files.exists(shard.resolve("CURRENT"));
  }

  /**
   * Deletes the database of a shard, and whatever was to take its place; nobody has it open.
   *
   * @throws org.kvstore.server.model.KeyValueException UNAVAILABLE when that fails
   */
  public static void discard(Path shard) {
    try {
      // First what would be put in its place at the next open.
      DataDirectory.deleteTree(workplace(shard));
      DataDirectory.deleteTree(shard);
      if (Files.exists(shard.resolveSibling("."))) {
        DataDirectory.sync(shard.resolveSibling("."));
      }
    } catch (IOException e) {
      throw DataDirectory.refusal(shard, "cannot be deleted", "Check its permissions", e);
    }
  }

  private static Path workplace(Path shard) {
    return shard.resolveSibling(shard.getFileName() + BESIDE);
  }

  /** Where a database gathered that is to take the place of this one, as {@link #decided}. */
  static @Nullable Path decidedBeside(Path shard) throws IOException {
    return decided(workplace(shard));
  }

  /** Finishes or forgets an exchange that a crash interrupted. */
  static void finishInterrupted(Path directory, Path shard) throws IOException {
    Files.deleteIfExists(directory.resolve(INTENT_NEW));
    Path staged = decided(directory);
    if (staged != null) {
      for (Step step : new Replacement(directory, staged, shard).finishing()) {
        step.run();
      }
    }
  }

  /**
   * Where the database gathered that is decided to take over; null when none is. It may have moved
   * to its place since.
   *
   * @throws KeyValueException UNAVAILABLE when the decision cannot be understood
   */
  static @Nullable Path decided(Path directory) throws IOException {
    Path intent = directory.resolve(INTENT);
    if (!Files.exists(intent)) {
      return null;
    }
    String staged = Files.readString(intent, StandardCharsets.ISO_8859_1);
    if (!STAGED.matcher(staged).matches()) {
      throw DataDirectory.refusal(
          intent,
          "does not name a database that is to take over",
          "Restore the data directory from a backup",
          null);
    }
    return intent.resolveSibling(staged.strip());
  }

  /** Where the new database gathers. */
  public Path staged() {
    return staged;
  }

  /**
   * Decides that the new database takes over.
   *
   * @throws IOException when it is certain that it does not
   */
  synchronized void commit() throws IOException {
    try {
      for (Step step : committing()) {
        step.run();
      }
    } catch (IOException e) {
      if (isForgotten()) {
        throw e;
      }
    }
    committed = true;
  }

  /** Whether nothing is left of the decision; when in doubt it stands. */
  private boolean isForgotten() {
    try {
      Files.deleteIfExists(directory.resolve(INTENT));
      DataDirectory.sync(directory);
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  /** Puts the new database into its place; nobody has either of them open. */
  synchronized void finish() {
    try {
      for (Step step : finishing()) {
        step.run();
      }
      finished = true;
      if (closed) {
        discard();
      }
    } catch (IOException e) {
      throw DataDirectory.refusal(
          directory, "cannot be written (" + e + ")", "The restore goes on as soon as it can", e);
    }
  }

  List<Step> committing() {
    Path intent = directory.resolve(INTENT_NEW);
    return List.of(
        () -> DataDirectory.sync(staged.resolveSibling(".")),
        () -> Files.writeString(intent, directory.relativize(staged) + "\n"),
        () -> DataDirectory.sync(intent),
        () -> Files.move(intent, directory.resolve(INTENT), StandardCopyOption.ATOMIC_MOVE),
        () -> DataDirectory.sync(directory));
  }

  List<Step> finishing() {
    Path old = replaced();
    return List.of(
        () -> {
          if (Files.exists(staged) && Files.exists(shard)) {
            Files.move(shard, old, StandardCopyOption.ATOMIC_MOVE);
          }
        },
        () -> {
          if (Files.exists(staged)) {
            Files.move(staged, shard, StandardCopyOption.ATOMIC_MOVE);
          }
        },
        () -> DataDirectory.sync(shard.resolveSibling(".")),
        () -> DataDirectory.sync(staged.resolveSibling(".")),
        () -> Files.deleteIfExists(directory.resolve(INTENT)),
        () -> DataDirectory.sync(directory));
  }

  /** Frees the room of whichever database is not wanted; {@link #finish} may have to come first. */
  @Override
  public synchronized void close() {
    closed = true;
    if (!committed || finished) {
      discard();
    }
  }

  private void discard() {
    DataDirectory.discard(staged);
    DataDirectory.discard(replaced());
  }

  private Path replaced() {
    return staged.resolveSibling(staged.getFileName() + ".replaced");
  }
}
