package org.kvstore.server.store;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The calls with which a process changed files, as strace recorded them: {@code -f -xx}. */
public final class SystemCalls {
  private static final Pattern BEGUN = Pattern.compile("(\\d+) +(.*) <unfinished \\.\\.\\.>");
  private static final Pattern RESUMED = Pattern.compile("(\\d+) +<\\.\\.\\. \\w+ resumed>(.*)");
  private static final Pattern WHOLE =
      Pattern.compile("\\d+ +(\\w+)\\((.*)\\) += (-?\\d+)(?: .*)?");

  /** The names that are recorded; one that this machine does not know is left out. */
  private static final List<String> NAMES =
      List.of(
          "open",
          "openat",
          "creat",
          "close",
          "dup",
          "dup2",
          "dup3",
          "lseek",
          "write",
          "writev",
          "pwrite64",
          "pwritev",
          "pwritev2",
          "sendfile",
          "copy_file_range",
          "truncate",
          "ftruncate",
          "fallocate",
          "fsync",
          "fdatasync",
          "rename",
          "renameat",
          "renameat2",
          "link",
          "linkat",
          "unlink",
          "unlinkat",
          "mkdir",
          "mkdirat",
          "rmdir");

  private SystemCalls() {}

  /**
   * One call that succeeded.
   *
   * @param began its place in the record when it began: what ended before is known to it
   * @param ended its place when it ended
   */
  public record Call(String name, List<String> arguments, int result, int began, int ended) {

    public int number(int argument) {
      return Integer.parseInt(arguments.get(argument));
    }

    public byte[] bytes(int argument) {
      String text = arguments.get(argument);
      if (!text.endsWith("\"")) {
        throw new IllegalArgumentException("Not recorded whole: " + name);
      }
      return HexFormat.of().parseHex(text.substring(1, text.length() - 1).replace("\\x", ""));
    }

    public Path path(int argument) {
      return Path.of(new String(bytes(argument), StandardCharsets.UTF_8));
    }

    public boolean has(int argument, String flag) {
      return Arrays.asList(arguments.get(argument).split("\\|")).contains(flag);
    }
  }

  /** Runs a command under strace, which exits as the command does. */
  public static List<String> command(Path trace, List<String> command) {
    List<String> words = new ArrayList<>(List.of("strace", "-f", "-qq", "-xx", "-s", "33554432"));
    words.addAll(List.of("--seccomp-bpf", "-e", "signal=none"));
    words.addAll(List.of("-e", "trace=?" + String.join(",?", NAMES), "-o", trace.toString()));
    words.addAll(command);
    return words;
  }

  /** The successful calls in the order of their ends; a close frees its number when it begins. */
  public static List<Call> read(Path trace) {
    List<Call> calls = new ArrayList<>();
    Map<String, String> texts = new HashMap<>();
    Map<String, Integer> places = new HashMap<>();
    try (var lines = Files.newBufferedReader(trace, StandardCharsets.ISO_8859_1)) {
      int place = 0;
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        place++;
        Matcher begun = BEGUN.matcher(line);
        Matcher resumed = RESUMED.matcher(line);
        if (begun.matches()) {
          texts.put(begun.group(1), begun.group(1) + " " + begun.group(2));
          places.put(begun.group(1), place);
          if (begun.group(2).startsWith("close(")) {
            add(calls, begun.group(1) + " " + begun.group(2) + ") = 0", place, place);
          }
        } else if (resumed.matches()) {
          String thread = resumed.group(1);
          String text = texts.remove(thread);
          if (text == null || !text.contains(" close(")) {
            add(calls, text + resumed.group(2), places.getOrDefault(thread, place), place);
          }
        } else {
          add(calls, line, place, place);
        }
      }
      return calls;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void add(List<Call> calls, String text, int began, int ended) {
    Matcher call = WHOLE.matcher(text);
    if (call.matches() && !call.group(3).startsWith("-")) {
      List<String> arguments = List.of(call.group(2).split(", "));
      int result = (int) Long.parseLong(call.group(3));
      calls.add(new Call(call.group(1), arguments, result, began, ended));
    }
  }
}
