package org.kvstore.server.replication.raft;

import java.io.IOException;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.ratis.server.RaftServerConfigKeys.Log.CorruptionPolicy;
import org.apache.ratis.server.protocol.TermIndex;
import org.apache.ratis.server.raftlog.segmented.LogSegment;
import org.apache.ratis.server.raftlog.segmented.LogSegmentPath;
import org.apache.ratis.server.storage.RaftStorage;
import org.kvstore.server.model.LogPosition;

/**
 * The end of a log on the disk, before Raft begins with it. Raft cuts off what it cannot read
 * there. That is right for an entry that a crash tore, as nobody was told that it is there; but one
 * that has rotted may be one that this replica has promised to keep, and a vote without it may lose
 * an acknowledged write.
 *
 * <p>The store cannot have applied more than the log had. So a log that ends before that has lost
 * entries, and this replica is to be made anew rather than to take part. An entry that rotted
 * before the store had applied it cannot be told from one that was torn.
 */
final class LogTail {
  private static final Pattern NAME = Pattern.compile("log_(?:inprogress_)?([0-9]+)");

  private LogTail() {}

  /**
   * Makes sure that the log, or the checkpoint before it, reaches to what was applied.
   *
   * @throws ReplicaException when it does not
   */
  static void requireReaches(RaftStorage storage, TermIndex checkpoint, LogPosition applied)
      throws IOException {
    long last = Math.max(checkpoint.getIndex(), last(storage));
    if (last < applied.index()) {
      throw new ReplicaException(
          ("Its log in %s ends at entry %d, and its store has applied entry %d: entries are lost or"
                  + " rotten, or the directory is an old one. It must not vote. Remove this replica"
                  + " from the cluster and add it again; the others send it everything.")
              .formatted(storage.getStorageDir().getCurrentDir(), last, applied.index()));
    }
  }

  /**
   * The last entry that can be read, or the one before the newest segment, which is begun before it
   * has an entry; -1 when there is none.
   */
  private static long last(RaftStorage storage) throws IOException {
    List<LogSegmentPath> segments = LogSegmentPath.getLogSegmentPaths(storage);
    if (segments.isEmpty()) {
      return -1;
    }
    LogSegmentPath newest = segments.get(segments.size() - 1);
    AtomicLong last = new AtomicLong(start(newest) - 1);
    LogSegment.readSegmentFile(
        newest.getPath().toFile(),
        newest.getStartEnd(),
        RaftSettings.ENTRY,
        CorruptionPolicy.WARN_AND_RETURN,
        null,
        entry -> last.set(entry.getIndex()));
    return last.get();
  }

  /** The index of the entry that a segment begins with, which is in its name. */
  private static long start(LogSegmentPath segment) throws IOException {
    Matcher name = NAME.matcher(String.valueOf(segment.getPath().getFileName()));
    if (!name.lookingAt()) {
      throw new IOException("What is " + segment.getPath() + " in a log?");
    }
    return Long.parseLong(name.group(1));
  }
}
