package org.kvstore.server.replication.raft;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.ratis.proto.RaftProtos.LogEntryProto;
import org.apache.ratis.proto.RaftProtos.StateMachineLogEntryProto;
import org.apache.ratis.protocol.RaftGroupId;
import org.apache.ratis.server.RaftServerConfigKeys.Log.CorruptionPolicy;
import org.apache.ratis.server.raftlog.segmented.LogSegment;
import org.apache.ratis.server.raftlog.segmented.LogSegmentPath;
import org.apache.ratis.server.raftlog.segmented.SegmentedRaftLogOutputStream;
import org.apache.ratis.server.storage.RaftStorage;
import org.apache.ratis.thirdparty.com.google.protobuf.UnsafeByteOperations;
import org.kvstore.server.crypto.LogKeys;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.store.DataDirectory;

/**
 * The entries of the log of a shard, as they are encrypted: where they are made, where they are
 * applied, and, when the operator changes the key, on the disk. Without a key all is in clear.
 *
 * <p>To seal an entry anew changes neither its length nor its term or index, which is all that Raft
 * compares. So each node does it by itself, before Raft begins with the log.
 */
final class SealedLog {
  private static final Logger LOG = System.getLogger(SealedLog.class.getName());
  private static final Pattern CLOSED = Pattern.compile("log_[0-9]+-([0-9]+)");

  private final LogKeys keys;
  private final byte[] name;
  private final Supplier<String> sealingKey;

  /**
   * @param sealingKey the id of that of the keys which new entries are sealed with; not asked
   *     without any
   */
  SealedLog(LogKeys keys, RaftGroupId group, Supplier<String> sealingKey) {
    this.keys = keys;
    name = group.toByteString().toByteArray();
    this.sealingKey = sealingKey;
  }

  /** Whether the operator is about to change the key, so that there are several. */
  boolean hasSeveralKeys() {
    return keys.ids().size() > 1;
  }

  /** An entry as it goes into the log. */
  byte[] seal(byte[] entry) {
    return keys.isEmpty() ? entry : keys.seal(sealingKey.get(), name, entry);
  }

  /**
   * An entry that comes from the log.
   *
   * @throws IllegalStateException caused by a {@link ReplicaException} when it cannot be opened
   */
  byte[] open(byte[] entry) {
    try {
      return keys.open(name, entry);
    } catch (KeyValueException e) {
      throw new IllegalStateException(new ReplicaException(String.valueOf(e.getMessage())));
    }
  }

  /**
   * Seals entries on the disk anew that are not sealed with the first of the keys. A file is
   * exchanged as a whole, or not.
   *
   * @throws ReplicaException when there is one that cannot be opened
   */
  void renew(RaftStorage storage) throws IOException {
    if (keys.isEmpty()) {
      return;
    }
    for (LogSegmentPath segment : LogSegmentPath.getLogSegmentPaths(storage)) {
      Set<String> others = new HashSet<>();
      Last last = new Last();
      read(
          segment,
          entry -> {
            last.index = entry.getIndex();
            if (entry.hasStateMachineLogEntry()) {
              others.add(LogKeys.keyOf(bytes(entry)));
            }
          });
      others.remove(keys.ids().get(0));
      if (!others.isEmpty() && isWhole(segment, last.index)) {
        requireKeys(others);
        renew(segment.getPath(), segment);
        LOG.log(
            Level.INFO,
            "A file of the log is encrypted with another key now. path={0} from={1} to={2}",
            segment.getPath(),
            others,
            keys.ids().get(0));
      }
    }
  }

  private static final class Last {
    private long index = -1;
  }

  /** What cannot be read of a file that Raft has closed, is for Raft to judge. */
  private static boolean isWhole(LogSegmentPath segment, long last) {
    Matcher closed = CLOSED.matcher(String.valueOf(segment.getPath().getFileName()));
    return !closed.matches() || Long.parseLong(closed.group(1)) == last;
  }

  private void requireKeys(Set<String> ids) throws ReplicaException {
    try {
      ids.forEach(keys::requireKey);
    } catch (KeyValueException e) {
      throw new ReplicaException(
          e.getMessage() + " A key that is to go has to be there for one more start.");
    }
  }

  private static void read(LogSegmentPath segment, Consumer<LogEntryProto> entries)
      throws IOException {
    LogSegment.readSegmentFile(
        segment.getPath().toFile(),
        segment.getStartEnd(),
        RaftSettings.ENTRY,
        CorruptionPolicy.WARN_AND_RETURN,
        null,
        entries);
  }

  private void renew(Path file, LogSegmentPath segment) throws IOException {
    Path renewed = file.resolveSibling("renewed");
    Files.deleteIfExists(renewed);
    long size = Files.size(file);
    ByteBuffer buffer = ByteBuffer.allocateDirect(RaftSettings.ENTRY.getSizeInt() + Long.BYTES);
    try (SegmentedRaftLogOutputStream out =
        new SegmentedRaftLogOutputStream(renewed.toFile(), false, size, size, buffer)) {
      read(segment, entry -> write(out, entry));
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
    DataDirectory.sync(renewed);
    Files.move(renewed, file, StandardCopyOption.ATOMIC_MOVE);
    DataDirectory.sync(file.resolveSibling("."));
  }

  private void write(SegmentedRaftLogOutputStream out, LogEntryProto entry) {
    try {
      out.write(entry.hasStateMachineLogEntry() ? renewed(entry) : entry);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private LogEntryProto renewed(LogEntryProto entry) {
    List<String> ids = keys.ids();
    byte[] bytes = bytes(entry);
    if (LogKeys.keyOf(bytes).equals(ids.get(0))) {
      return entry;
    }
    byte[] sealed = keys.seal(ids.get(0), name, open(bytes));
    StateMachineLogEntryProto.Builder renewed = entry.getStateMachineLogEntry().toBuilder();
    return entry.toBuilder()
        .setStateMachineLogEntry(renewed.setLogData(UnsafeByteOperations.unsafeWrap(sealed)))
        .build();
  }

  private static byte[] bytes(LogEntryProto entry) {
    return entry.getStateMachineLogEntry().getLogData().toByteArray();
  }
}
