package org.kvstore.server.replication.raft;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import java.util.stream.Stream;
import org.apache.ratis.protocol.RaftGroupId;
import org.kvstore.server.store.DataDirectory;

/** The files of the logs of a node. */
public final class LogFiles {
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

  private static boolean isOpen(File file) {
    return file.getName().startsWith("log_inprogress_");
  }

  /** Nothing for one that is gone by now, or is no directory. */
  private static Stream<File> files(File directory) {
    File[] files = directory.listFiles();
    return files == null ? Stream.empty() : Arrays.stream(files);
  }
}
