package org.kvstore.server.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.kvstore.server.store.SystemCalls.Call;

/**
 * A process that ran under strace, on a disk that is made again from its calls, as of any moment.
 * Outside of that disk it writes down how many commands were acknowledged: a number a line.
 */
public final class RecordedProcess {
  private final Path directory;
  private final Path root;
  private final Path acknowledged;
  private final List<Call> calls;

  /** The number of the file of acknowledgements, once it is open. */
  private int file = -1;

  private RecordedProcess(Path directory, List<Call> calls) {
    this.directory = directory;
    root = root(directory);
    acknowledged = acknowledged(directory);
    this.calls = calls;
  }

  /** What is done at a moment at which the power is cut. */
  @FunctionalInterface
  public interface Cut {
    /**
     * Looks at what may be left.
     *
     * @param place of the moment in the record
     * @param acknowledged how many commands were, at the least
     */
    void at(TracedDisk disk, int place, int acknowledged);
  }

  /**
   * Runs a program to its end. The test is skipped where strace cannot run, but for CI.
   *
   * @param directory for the disk and the record
   * @param program is given the root of the disk, the file of acknowledgements, and the arguments
   */
  public static RecordedProcess of(Path directory, Class<?> program, List<String> arguments)
      throws IOException, InterruptedException {
    RecordedProcess process = new RecordedProcess(directory, List.of());
    process.requireStrace();
    Files.createDirectory(process.root);
    Path trace = directory.resolve("trace");
    List<String> words = new ArrayList<>();
    words.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    words.addAll(List.of("-cp", System.getProperty("java.class.path"), program.getName()));
    words.addAll(List.of(process.root.toString(), process.acknowledged.toString()));
    words.addAll(arguments);
    assertThat(process.run(SystemCalls.command(trace, words))).isNull();
    return new RecordedProcess(directory, SystemCalls.read(trace));
  }

  private static Path root(Path directory) {
    return directory.resolve("disk");
  }

  private static Path acknowledged(Path directory) {
    return directory.resolve("acknowledged");
  }

  private void requireStrace() throws InterruptedException {
    String failure = run(SystemCalls.command(directory.resolve("trial"), List.of("true")));
    if (System.getenv("CI") != null) {
      assertThat(failure).as("strace, without which no power cut is tested").isNull();
    }
    if (failure != null) {
      System.err.println("SKIPPED: strace cannot run here, so no power cut is tested: " + failure);
    }
    assumeThat(failure).as("strace").isNull();
  }

  /** Runs a command; null when it succeeded, otherwise what it said. */
  private @Nullable String run(List<String> command) throws InterruptedException {
    File output = directory.resolve("output").toFile();
    try {
      Process process =
          new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(output).start();
      int code = process.waitFor();
      return code == 0 ? null : "exit code " + code + "\n" + Files.readString(output.toPath());
    } catch (IOException e) {
      return String.valueOf(e);
    }
  }

  /** How many calls were recorded. */
  public int length() {
    return calls.size();
  }

  /**
   * Moments to cut the power at: half of them just after an acknowledgement, the others anywhere.
   *
   * @param from how many commands are acknowledged before the first
   */
  public Set<Integer> cuts(int count, int from, Random random) {
    TracedDisk disk = new TracedDisk(root);
    List<Integer> changes = new ArrayList<>();
    List<Integer> acknowledgements = new ArrayList<>();
    boolean hasBegun = from == 0;
    file = -1;
    for (int i = 0; i < calls.size(); i++) {
      int told = acknowledgement(calls.get(i));
      hasBegun |= told >= from;
      if (disk.apply(calls.get(i)) && hasBegun) {
        changes.add(i);
      }
      if (told > 0 && hasBegun) {
        acknowledgements.add(i + 1);
      }
    }
    Set<Integer> cuts = new TreeSet<>();
    while (cuts.size() < count) {
      List<Integer> places = cuts.size() % 2 == 0 ? acknowledgements : changes;
      cuts.add(places.get(random.nextInt(places.size())));
    }
    return cuts;
  }

  /** Makes the disk again, call by call, and makes sure that it ends as it did. */
  public void replay(Set<Integer> cuts, Cut cut) {
    TracedDisk disk = new TracedDisk(root);
    int told = 0;
    file = -1;
    for (int i = 0; i < calls.size(); i++) {
      if (cuts.contains(i)) {
        cut.at(disk, i, told);
      }
      disk.apply(calls.get(i));
      told = Math.max(told, acknowledgement(calls.get(i)));
    }
    Path end = directory.resolve("end");
    disk.writeTo(end, TracedDisk.Loss.ALL_KEPT, new Random(0));
    assertThat(FileTrees.digests(end))
        .as("the record is complete")
        .isEqualTo(FileTrees.digests(root));
  }

  /** How many commands are acknowledged with a call, or 0. */
  private int acknowledgement(Call call) {
    if (call.name().equals("openat") && call.path(1).equals(acknowledged)) {
      file = call.result();
    }
    return call.name().equals("write") && call.number(0) == file
        ? Integer.parseInt(new String(call.bytes(1), StandardCharsets.US_ASCII).strip())
        : 0;
  }
}
