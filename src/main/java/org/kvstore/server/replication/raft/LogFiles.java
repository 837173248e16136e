package org.kvstore.server.replication.raft;

import java.io.File;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Stream;

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

  /** Nothing for one that is gone by now, or is no directory. */
  private static Stream<File> files(File directory) {
    File[] files = directory.listFiles();
    return files == null ? Stream.empty() : Arrays.stream(files);
  }
}
