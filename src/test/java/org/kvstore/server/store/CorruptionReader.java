package org.kvstore.server.store;

import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.kvstore.server.crypto.EncryptionKeys;
import org.kvstore.server.model.Key;
import org.kvstore.server.model.KeyValueException;

/**
 * The process that reads damaged directories, so that damage that would end or hang it is seen: for
 * each line "file offset bit" it damages a copy, reads everything and says what came of it.
 */
final class CorruptionReader {
  /** Each answer begins with one of these. */
  enum Result {
    /** All is read as it was written. */
    HARMLESS,
    /** The store did not open; the message follows. */
    REFUSED,
    /** Some reads failed, the others were right; the messages follow. */
    FAILED,
    /** Something was read that was not written. */
    WRONG
  }

  private static final long PATIENCE_SECONDS = 60;
  private static final int HANGS = 3;

  private final Path image;
  private final Path copy;
  private final List<Key> keys;
  private final StoreContents truth;
  private final ScheduledExecutorService watchdog = Executors.newSingleThreadScheduledExecutor();

  private CorruptionReader(Path image, Path copy) {
    this.image = image;
    this.copy = copy;
    FileTrees.copy(image, copy);
    keys = CorruptionTest.keys();
    truth = read();
    FileTrees.delete(copy);
  }

  /** Takes the directory and where to copy it to. */
  public static void main(String[] arguments) throws IOException {
    var reader = new CorruptionReader(Path.of(arguments[0]), Path.of(arguments[1]));
    var lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      System.out.println(reader.answer(line.split(" ")));
    }
    reader.watchdog.shutdownNow();
  }

  private String answer(String[] flip) {
    var hang =
        watchdog.schedule(
            () -> Runtime.getRuntime().halt(HANGS), PATIENCE_SECONDS, TimeUnit.SECONDS);
    FileTrees.copy(image, copy);
    FileTrees.flipBit(copy.resolve(flip[0]), Long.parseLong(flip[1]), Integer.parseInt(flip[2]));
    try {
      String answer = describe(read());
      return oneLine(answer.contains("The command verify says") ? answer + verify() : answer);
    } catch (KeyValueException e) {
      return oneLine(Result.REFUSED + " " + e.getMessage());
    } finally {
      FileTrees.delete(copy);
      hang.cancel(false);
    }
  }

  private String verify() {
    var output = new ByteArrayOutputStream();
    Verifier.run(
        List.of(copy.toString()),
        EncryptionKeys.NONE,
        new PrintStream(output, true, StandardCharsets.UTF_8));
    return output.toString(StandardCharsets.UTF_8);
  }

  private String describe(StoreContents found) {
    String difference = found.differenceTo(truth);
    if (difference != null) {
      return Result.WRONG + " " + difference;
    }
    StringBuilder causes = new StringBuilder();
    found.failures().stream()
        .map(e -> e.getMessage() + " " + e.getCause())
        .distinct()
        .forEach(causes::append);
    return causes.isEmpty() ? Result.HARMLESS.toString() : Result.FAILED + " " + causes;
  }

  private StoreContents read() {
    try (DataDirectory data = DataDirectory.open(copy);
        Store store = PowerCutStory.open(data)) {
      return StoreContents.read(store, data.storeId(), keys);
    }
  }

  private static String oneLine(String text) {
    return text.replace('\n', ' ');
  }
}
