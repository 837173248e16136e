package org.kvstore.server.replication.raft;

import java.io.IOException;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.ratis.server.RaftServerConfigKeys.Log.CorruptionPolicy;
import org.apache.ratis.server.protocol.TermIndex;
import org.apache.ratis.server.raftlog.segmented.LogSegment;
import org.apache.ratis.server.raftlog.segmented.LogSegmentPath;
import org.apache.ratis.server.storage.RaftStorage;
import org.apache.ratis.server.storage.RaftStorageMetadata;
import org.apache.ratis.server.storage.RaftStorageMetadataFile;
import org.jspecify.annotations.Nullable;
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
   * Makes sure that the log, or the checkpoint before it, reaches to what was applied, and to what
   * others know that this replica had committed.
   *
   * @param known an index; at most 0 when nobody knows
   * @throws ReplicaException when it does not
   */
  static void requireReaches(
      RaftStorage storage, TermIndex checkpoint, LogPosition applied, long known)
      throws IOException {
    long last = Math.max(checkpoint.getIndex(), last(storage));
    if (last < applied.index()) {
      throw lost(
          storage,
          last,
          "its store has applied entry %d: entries are lost or rotten, or the directory is an old one"
              .formatted(applied.index()));
    }
    if (known > 0 && last < known) {
      throw lost(
          storage,
          last,
          "it has told the others that it has entry %d: the directory is an old copy"
              .formatted(known));
    }
  }

  private static ReplicaException lost(RaftStorage storage, long last, String why) {
    return new ReplicaException(
        ("Its log in %s ends at entry %d, and %s. It must not vote. Remove this replica from the"
                + " cluster and add it again; the others send it everything.")
            .formatted(storage.getStorageDir().getCurrentDir(), last, why));
  }

  /**
   * Makes sure that the term on the disk is not before that of the last entry, or of what was
   * applied. Where the disk refuses it once, Raft goes on with the new term in memory only; started
   * again with the one before, the leader of that could have entries cut off that were acknowledged
   * since. Nobody had this replica's vote in the new one: a vote that is not on the disk is not
   * given.
   */
  static void requireTerm(RaftStorage storage, long applied) throws IOException {
    List<LogSegmentPath> segments = LogSegmentPath.getLogSegmentPaths(storage);
    TermIndex last = null;
    for (int at = segments.size() - 1; at >= 0 && last == null; at--) {
      last = lastOf(segments.get(at));
    }
    RaftStorageMetadataFile file = storage.getMetadataFile();
    long least = last == null ? applied : Math.max(applied, last.getTerm());
    if (file.getMetadata().getTerm() < least) {
      file.persist(RaftStorageMetadata.valueOf(least, null));
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
    TermIndex last = lastOf(newest);
    return last == null ? start(newest) - 1 : last.getIndex();
  }

  /** The last entry of a segment that can be read; null when there is none. */
  private static @Nullable TermIndex lastOf(LogSegmentPath segment) throws IOException {
    AtomicReference<@Nullable TermIndex> last = new AtomicReference<>();
    LogSegment.readSegmentFile(
        segment.getPath().toFile(),
        segment.getStartEnd(),
        RaftSettings.ENTRY,
        CorruptionPolicy.WARN_AND_RETURN,
        null,
        entry -> last.set(TermIndex.valueOf(entry)));
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
