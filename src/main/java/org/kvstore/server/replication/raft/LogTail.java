package org.kvstore.server.replication.raft;

import static java.nio.file.StandardCopyOption.ATOMIC_MOVE;

import java.io.IOException;
import java.nio.file.Files;
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
import org.kvstore.server.store.DataDirectory;

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
  /** Of a file that is written, or of one that is closed: its first entry, and its last. */
  private static final Pattern NAME = Pattern.compile("log_(?:inprogress_)?([0-9]+)(?:-([0-9]+))?");

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
    long first = first(storage);
    if (first > checkpoint.getIndex() + 1) {
      throw lost(
          storage,
          last,
          "it begins at entry %d, and its checkpoint ends at entry %d: what is between them is lost"
              .formatted(first, checkpoint.getIndex()));
    }
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
        "Its log in %s ends at entry %d, and %s. %s"
            .formatted(
                storage.getStorageDir().getCurrentDir(), last, why, ReplicaException.LOST_LOG));
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
   * Finishes what a crash may have ended, and Raft would not begin with, or not go on with: a log
   * that ends before the checkpoint that was received is not needed any more, nor are files before
   * one that is missing; and a file that was closed, and cut off since, is named by its new end.
   *
   * @param checkpoint the index of the last entry that is in the newest one
   */
  static void finish(RaftStorage storage, long checkpoint) throws IOException {
    List<LogSegmentPath> segments = LogSegmentPath.getLogSegmentPaths(storage);
    if (segments.isEmpty()) {
      return;
    }
    int needless = last(storage) < checkpoint ? segments.size() : 0;
    for (int at = segments.size() - 1; at > 0 && needless == 0; at--) {
      long start = start(segments.get(at));
      if (start <= checkpoint + 1 && end(segments.get(at - 1)) < start - 1) {
        needless = at;
      }
    }
    for (LogSegmentPath segment : segments.subList(0, needless)) {
      Files.delete(segment.getPath());
    }
    if (needless < segments.size()) {
      renameByEnd(segments.get(segments.size() - 1));
    }
    DataDirectory.sync(storage.getStorageDir().getCurrentDir().toPath());
  }

  private static void renameByEnd(LogSegmentPath newest) throws IOException {
    boolean isOpen = end(newest) == Long.MAX_VALUE;
    TermIndex last = isOpen ? null : lastOf(newest);
    if (last != null && last.getIndex() < end(newest)) {
      String name = "log_" + start(newest) + "-" + last.getIndex();
      Files.move(newest.getPath(), newest.getPath().resolveSibling(name), ATOMIC_MOVE);
    }
  }

  /** The first entry of the log by its name; -1 when there is none. */
  private static long first(RaftStorage storage) throws IOException {
    List<LogSegmentPath> segments = LogSegmentPath.getLogSegmentPaths(storage);
    return segments.isEmpty() ? -1 : start(segments.get(0));
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
    return Long.parseLong(name(segment).group(1));
  }

  /** That of its last entry, which is in the name once it is closed; else there is no end. */
  private static long end(LogSegmentPath segment) throws IOException {
    String end = name(segment).group(2);
    return end == null ? Long.MAX_VALUE : Long.parseLong(end);
  }

  private static Matcher name(LogSegmentPath segment) throws IOException {
    Matcher name = NAME.matcher(String.valueOf(segment.getPath().getFileName()));
    if (!name.matches()) {
      throw new IOException("What is " + segment.getPath() + " in a log?");
    }
    return name;
  }
}
