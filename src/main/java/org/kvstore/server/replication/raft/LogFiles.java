package org.kvstore.server.replication.raft;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.apache.ratis.protocol.RaftGroupId;
import org.kvstore.server.store.DataDirectory;

/** The files of the logs of a node. */
public final class LogFiles {
  /** Of a file that is written, or of one that is whole, by its first and its last entry. */
  private static final Pattern NAME = Pattern.compile("log_(?:inprogress_)?([0-9]+)(?:-([0-9]+))?");

  private LogFiles() {}

  /**
   * What the logs take of the disk, without checkpoints, which share theirs with the stores: bytes.
   *
   * @param directory that of all logs
   */
  public static long bytes(Path directory) {
    return files(directory.toFile())
        .flatMap(group -> files(new File(group, "current")))
        .filter(file -> file.getName().startsWith("log_"))
        .mapToLong(File::length)
        .sum();
  }

  /**
   * Writes those files of a log anew that were open, before Raft reads it: what a failed fsync has
   * left in the kernel's memory reads as if it were on the disk.
   *
   * @param directory that of all logs
   */
  static void writeAnew(Path directory, RaftGroupId group) throws IOException {
    Path current = directory.resolve(group.getUuid().toString()).resolve("current");
    for (File open : files(current.toFile()).filter(LogFiles::isOpen).toList()) {
      Path renewed = current.resolve("renewed");
      Files.copy(open.toPath(), renewed, StandardCopyOption.REPLACE_EXISTING);
      DataDirectory.sync(renewed);
      Files.move(renewed, open.toPath(), StandardCopyOption.ATOMIC_MOVE);
      DataDirectory.sync(current);
    }
  }

  /**
   * Finishes what a crash has ended: Raft gives up files that a checkpoint has made needless the
   * newest first, and does not begin with a log in which one is missing.
   *
   * @param checkpoint the index of the last entry that is in the newest one
   */
  static void dropBehindGap(Path current, long checkpoint) throws IOException {
    NavigableMap<Long, Long> spans = new TreeMap<>();
    for (File file : files(current.toFile()).toList()) {
      Matcher name = NAME.matcher(file.getName());
      if (name.matches()) {
        long last = name.group(2) == null ? Long.MAX_VALUE : Long.parseLong(name.group(2));
        spans.put(Long.parseLong(name.group(1)), last);
      }
    }
    long begin = 0;
    long next = 0;
    for (Map.Entry<Long, Long> span : spans.entrySet()) {
      if (span.getKey() > next && span.getKey() <= checkpoint + 1) {
        begin = span.getKey();
      }
      next = span.getValue() + 1;
    }
    for (Map.Entry<Long, Long> needless : spans.headMap(begin).entrySet()) {
      Files.delete(current.resolve("log_" + needless.getKey() + "-" + needless.getValue()));
    }
    DataDirectory.sync(current);
  }

  private static boolean isOpen(File file) {
    return file.getName().startsWith("log_inprogress_");
  }

  /** Nothing for one that is gone by now, or is no directory. */
  private static Stream<File> files(File directory) {
    File[] files = directory.listFiles();
    return files == null ? Stream.empty() : Arrays.stream(files);
  }
}
