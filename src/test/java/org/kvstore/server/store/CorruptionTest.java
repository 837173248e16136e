package org.kvstore.server.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.kvstore.server.model.Key;
import org.kvstore.server.store.CorruptionReader.Result;

/**
 * One bit of one file of a data directory is turned over: the store refuses to open and names the
 * file, or the reads that meet the damage fail and their cause names it, or all is read as it was
 * written. Nothing is ever read that was not written.
 *
 * <p>{@code -Dlong=true} turns ten times as many bits over; {@code -Dseed=N} the same ones again.
 */
@Timeout(1_200)
class CorruptionTest {
  private static final long STORY = 5;
  private static final int COMMANDS = 600;
  private static final int FACTOR = Boolean.getBoolean("long") ? 20 : 2;
  private static final int FOOTER = 53;
  private static final int TAIL = 2_000;

  @TempDir(factory = MemoryTempDir.class)
  Path directory;

  private final Random random = new Random(Long.getLong("seed", 3));
  private final List<Flip> flips = new ArrayList<>();

  /** One bit, and how the damage may show. */
  private record Flip(String file, long offset, int bit, List<Result> allowed) {}

  @Test
  void oneBitTurnedOver_isNamedOrHarmlessAndNeverReadAsData() throws Exception {
    Path image = image();
    choose(image);
    List<String> answers = answers(image);

    Map<String, Map<Result, Integer>> results = new TreeMap<>();
    for (int i = 0; i < answers.size(); i++) {
      Flip flip = flips.get(i);
      String answer = answers.get(i);
      Result result = Result.valueOf(answer.split(" ", 2)[0]);
      assertThat(result).as("%s: %s", flip, answer).isIn(flip.allowed());
      if (result != Result.HARMLESS) {
        assertThat(answer).as("%s", flip).contains(Path.of(flip.file()).getFileName().toString());
      }
      results
          .computeIfAbsent(
              flip.file().replaceAll(".*/|[0-9-]+", ""), k -> new EnumMap<>(Result.class))
          .merge(result, 1, Integer::sum);
    }
    System.out.printf("CorruptionTest: flips=%d %s%n", answers.size(), results);
    assertThat(answers).as("no crash, no hang").hasSameSizeAs(flips);
  }

  /** The keys that are asked for. */
  static List<Key> keys() {
    PowerCutStory story = story();
    return story.model().events().stream().map(event -> event.key()).distinct().toList();
  }

  private static PowerCutStory story() {
    PowerCutStory story = new PowerCutStory(STORY, false);
    while (story.states().size() <= COMMANDS) {
      story.nextGroup();
    }
    return story;
  }

  /** With several tables, and a log that holds acknowledged writes. */
  private Path image() {
    Path image = directory.resolve("image");
    PowerCutStory story = new PowerCutStory(STORY, false);
    for (int until : new int[] {COMMANDS / 2, COMMANDS}) {
      try (DataDirectory data = DataDirectory.open(image);
          Store store = PowerCutStory.open(data)) {
        data.initialised();
        while (story.states().size() <= until) {
          store.apply(story.nextGroup());
        }
      }
    }
    return image;
  }

  private void choose(Path image) {
    List<Result> refused = List.of(Result.REFUSED);
    List<Result> harmless = List.of(Result.HARMLESS);
    some(image, "FORMAT", 5, Integer.MAX_VALUE, refused);
    some(image, "CURRENT", 5, Integer.MAX_VALUE, refused);
    some(image, "MANIFEST-", 12, Integer.MAX_VALUE, refused);
    some(image, "MANIFEST-", 3, 200, refused);
    some(image, "OPTIONS-", 3, Integer.MAX_VALUE, harmless);
    some(image, "IDENTITY", 3, Integer.MAX_VALUE, harmless);
    some(image, ".log", 10, Integer.MAX_VALUE, refused);
    some(image, ".log", 5, 100, refused);
    List<Result> any = List.of(Result.REFUSED, Result.FAILED, Result.HARMLESS);
    some(image, ".sst", 10, Integer.MAX_VALUE, any);
    some(image, ".sst", 10, TAIL, any);
    some(image, ".sst", 5, FOOTER, any);
  }

  /** Bits anywhere in the last bytes of files of a kind. */
  private void some(Path image, String kind, int count, int last, List<Result> allowed) {
    List<Path> files =
        FileTrees.ending(image, "").stream()
            .filter(file -> String.valueOf(file.getFileName()).matches(".*" + kind + "[0-9]*"))
            .filter(file -> FileTrees.size(file) > 0)
            .toList();
    assertThat(files).as(kind).isNotEmpty();
    for (int i = 0; i < count * FACTOR; i++) {
      Path file = files.get(random.nextInt(files.size()));
      long size = FileTrees.size(file);
      long offset = size - 1 - random.nextLong(Math.min(size, last));
      String name = image.relativize(file).toString();
      flips.add(new Flip(name, offset, random.nextInt(8), allowed));
    }
  }

  /** What the reader says to each flip, as far as it comes. */
  private List<String> answers(Path image) throws IOException, InterruptedException {
    Path input = directory.resolve("flips");
    Path output = directory.resolve("answers");
    Files.write(
        input, flips.stream().map(f -> f.file() + " " + f.offset() + " " + f.bit()).toList());
    Process reader =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                CorruptionReader.class.getName(),
                image.toString(),
                directory.resolve("copy").toString())
            .redirectInput(input.toFile())
            .redirectOutput(output.toFile())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    assertThat(reader.waitFor(15, TimeUnit.MINUTES)).isTrue();
    List<String> answers = Files.readAllLines(output, StandardCharsets.UTF_8);
    if (reader.exitValue() != 0) {
      System.out.printf(
          "CorruptionTest: exit code %d at %s%n", reader.exitValue(), flips.get(answers.size()));
    }
    return answers;
  }
}
