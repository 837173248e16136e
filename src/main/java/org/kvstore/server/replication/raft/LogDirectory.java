package org.kvstore.server.replication.raft;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import org.apache.ratis.server.storage.RaftStorage;
import org.jspecify.annotations.Nullable;
import org.kvstore.server.store.DataDirectory;

/**
 * The directory of a replica's log, and of its vote. Raft syncs what it writes to the files, but
 * not which files there are; so POSIX lets a power cut take a new file of the log with all that was
 * acknowledged from it, and a vote, which is a file that takes the place of another. What is to be
 * durable here, is once {@link #sync} has returned.
 */
final class LogDirectory {
  /** More than the times of files are apart: what changes sooner may have the same time. */
  private static final long TICK_MILLIS = 100;

  /** The same where they are whole seconds, or every other one. */
  private static final long COARSE_TICK_MILLIS = 2_100;

  private final Path directory;

  /** When it was last changed, as of the last sync; null when it may change at that time still. */
  private @Nullable FileTime synced;

  /** That of a replica that begins, which it makes durable itself. */
  LogDirectory(RaftStorage storage) throws IOException {
    directory = storage.getStorageDir().getCurrentDir().toPath();
    Path replica = storage.getStorageDir().getRoot().toPath();
    DataDirectory.sync(replica);
    DataDirectory.sync(replica.resolveSibling("."));
  }

  /** Makes durable which files there are, if any came or went since the last time. */
  synchronized void sync() throws IOException {
    long now = System.currentTimeMillis();
    FileTime modified = Files.getLastModifiedTime(directory);
    if (!modified.equals(synced)) {
      DataDirectory.sync(directory);
      synced = now - modified.toMillis() > tick(modified) ? modified : null;
    }
  }

  private static long tick(FileTime time) {
    return time.toMillis() % 1_000 == 0 ? COARSE_TICK_MILLIS : TICK_MILLIS;
  }
}
