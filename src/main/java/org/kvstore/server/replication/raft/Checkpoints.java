package org.kvstore.server.replication.raft;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.apache.ratis.server.protocol.TermIndex;
import org.apache.ratis.server.storage.FileInfo;
import org.apache.ratis.server.storage.RaftStorage;
import org.apache.ratis.statemachine.SnapshotInfo;
import org.apache.ratis.statemachine.SnapshotRetentionPolicy;
import org.apache.ratis.statemachine.StateMachineStorage;
import org.apache.ratis.statemachine.impl.FileListSnapshotInfo;
import org.jspecify.annotations.Nullable;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.store.DataDirectory;
import org.kvstore.server.store.Store;

/**
 * The checkpoints of a shard: directories {@code checkpoint.TERM_INDEX}, each a database that shows
 * the log applied up to there. Taking one costs hard links. The log before the newest is not
 * needed, and a replica that has fallen further behind is sent it.
 *
 * <p>Durable on return: the files, their directory, and the directory that it appears in. One that
 * is not whole has another name.
 *
 * <p>Raft puts what it receives into the place of all that are there, in two steps and without
 * syncing. So it is synced before ({@link #syncReceived}) and after ({@link #syncDirectories}), and
 * {@link #init} takes the second step back that a crash kept from being made.
 */
final class Checkpoints implements StateMachineStorage {
  private static final String PREFIX = "checkpoint.";
  private static final Pattern NAME = Pattern.compile("checkpoint\\.([0-9]+)_([0-9]+)");

  /** What a checkpoint has before its name while another takes its place. */
  private static final String ASIDE = "aside.";

  /** How long one is kept that has been sent, for the entries that follow it. */
  private static final long SENT_NANOS = TimeUnit.SECONDS.toNanos(60);

  private final Store store;

  /** Set by {@link #init}. */
  private @Nullable RaftStorage storage;

  /** Raft asks for it with each message that has entries. */
  private volatile @Nullable SnapshotInfo latest;

  /** Whether one that was received is taking the place of the others, which may not be durable. */
  private volatile boolean isExchanged;

  /** When the files of one were last asked for, which is for each piece that is sent. */
  private volatile long sentAt = System.nanoTime() - SENT_NANOS;

  Checkpoints(Store store) {
    this.store = store;
  }

  /** A checkpoint that is there. */
  private record Checkpoint(Path directory, TermIndex at) {}

  @Override
  public void init(RaftStorage of) throws IOException {
    storage = of;
    if (Files.exists(root())) {
      putBack();
    }
    List<Path> replaced = replaced();
    if (all().isEmpty() && !replaced.isEmpty()) {
      DataDirectory.deleteTree(root());
      Files.move(replaced.get(replaced.size() - 1), root(), StandardCopyOption.ATOMIC_MOVE);
    }
    for (Path leftOver : replaced()) {
      DataDirectory.deleteTree(leftOver);
    }
    DataDirectory.deleteTree(getTmpDir().toPath());
    Files.createDirectories(root());
    syncDirectories();
  }

  /** What a crash left aside is the only one of its name, or of no use any more. */
  private void putBack() throws IOException {
    for (Path aside : list(ASIDE)) {
      Path place = root().resolve(String.valueOf(aside.getFileName()).substring(ASIDE.length()));
      if (Files.exists(place)) {
        DataDirectory.deleteTree(aside);
      } else {
        Files.move(aside, place, StandardCopyOption.ATOMIC_MOVE);
      }
    }
  }

  private List<Path> list(String prefix) throws IOException {
    try (Stream<Path> entries = Files.list(root())) {
      return entries
          .filter(entry -> String.valueOf(entry.getFileName()).startsWith(prefix))
          .toList();
    }
  }

  /** What Raft has put aside for something that was received; the oldest first. */
  private List<Path> replaced() throws IOException {
    String prefix = root().getFileName() + ".";
    try (Stream<Path> siblings = Files.list(root().resolveSibling("."))) {
      return siblings
          .filter(path -> path.getFileName().toString().startsWith(prefix))
          .map(Path::normalize)
          .sorted()
          .toList();
    }
  }

  private Path root() {
    return required().getStorageDir().getStateMachineDir().toPath();
  }

  private RaftStorage required() {
    if (storage == null) {
      throw new IllegalStateException("It was not initialised.");
    }
    return storage;
  }

  /** Makes one of the store as it is. */
  void take(TermIndex at) throws IOException {
    if (Files.exists(place(at))) {
      DataDirectory.sync(root());
      look();
    } else {
      put(at);
    }
  }

  /** Makes one of the store as it is, which takes the place of all that are there. */
  void renew(TermIndex at) throws IOException {
    put(at);
    keep(1);
    look();
  }

  private Path place(TermIndex at) {
    return root().resolve(PREFIX + at.getTerm() + "_" + at.getIndex());
  }

  private void put(TermIndex at) throws IOException {
    Path partial = root().resolve("partial");
    DataDirectory.deleteTree(partial);
    try {
      store.checkpoint(partial);
    } catch (KeyValueException e) {
      throw new IOException("The store could not be copied.", e);
    }
    CheckpointFiles.syncTree(partial);
    Path target = place(at);
    Path aside = root().resolve(ASIDE + target.getFileName());
    if (Files.exists(target)) {
      Files.move(target, aside, StandardCopyOption.ATOMIC_MOVE);
    }
    Files.move(partial, target, StandardCopyOption.ATOMIC_MOVE);
    DataDirectory.sync(root());
    DataDirectory.deleteTree(aside);
    look();
  }

  /**
   * Makes what Raft has received durable, before it takes the place of all that are there. What
   * came before it, and broke off, is of no use any more.
   */
  void syncReceived() {
    isExchanged = true;
    try {
      List<Path> received = received();
      for (Path abandoned : received.subList(0, Math.max(0, received.size() - 1))) {
        DataDirectory.deleteTree(abandoned);
      }
      CheckpointFiles.syncTree(getTmpDir().toPath());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Those that are coming, or were; the one that came last is the last. */
  private List<Path> received() throws IOException {
    try (Stream<Path> parts = Files.list(getTmpDir().toPath())) {
      return parts.sorted(Comparator.comparing(Checkpoints::modified)).toList();
    }
  }

  private static FileTime modified(Path file) {
    try {
      return Files.getLastModifiedTime(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Whether a replica is being sent one, or needs what follows it. */
  boolean isBeingSent() {
    return System.nanoTime() - sentAt < SENT_NANOS;
  }

  /** Makes durable which checkpoints are there. */
  void syncDirectories() throws IOException {
    DataDirectory.sync(root());
    DataDirectory.sync(root().resolveSibling("."));
    isExchanged = false;
    look();
  }

  private void look() throws IOException {
    List<Checkpoint> all = all();
    latest = all.isEmpty() ? null : info(all.get(all.size() - 1));
  }

  /** Has the store go on from the newest one, if its files are what was sent. */
  void install() throws IOException {
    List<Checkpoint> all = all();
    Path newest = all.get(all.size() - 1).directory();
    CheckpointFiles.verify(newest);
    CheckpointFiles.installInto(store, newest);
  }

  /** Up to where the newest one goes. */
  TermIndex newest() throws IOException {
    List<Checkpoint> all = all();
    return all.isEmpty() ? TermIndex.INITIAL_VALUE : all.get(all.size() - 1).at();
  }

  /** Raft asks before it gives up the log before one that was received. */
  @Override
  public @Nullable SnapshotInfo getLatestSnapshot() {
    if (isExchanged) {
      try {
        DataDirectory.sync(root().resolveSibling("."));
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    return latest;
  }

  private SnapshotInfo info(Checkpoint checkpoint) throws IOException {
    List<FileInfo> files = new ArrayList<>();
    for (Path file : CheckpointFiles.of(checkpoint.directory())) {
      files.add(new FileInfo(file, null));
    }
    return new FileListSnapshotInfo(files, checkpoint.at()) {
      @Override
      public List<FileInfo> getFiles() {
        sentAt = System.nanoTime();
        return super.getFiles();
      }
    };
  }

  /** The oldest first. */
  private List<Checkpoint> all() throws IOException {
    if (storage == null || !Files.exists(root())) {
      return List.of();
    }
    List<Checkpoint> found = new ArrayList<>();
    for (Path entry : list(PREFIX)) {
      Matcher name = NAME.matcher(String.valueOf(entry.getFileName()));
      if (name.matches()) {
        found.add(
            new Checkpoint(
                entry,
                TermIndex.valueOf(Long.parseLong(name.group(1)), Long.parseLong(name.group(2)))));
      }
    }
    found.sort(Comparator.comparing(Checkpoint::at));
    return found;
  }

  @Override
  public void cleanupOldSnapshots(SnapshotRetentionPolicy policy) throws IOException {
    try {
      keep(Math.max(1, policy.getNumSnapshotsRetained()));
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }

  private void keep(int kept) throws IOException {
    List<Checkpoint> all = all();
    for (Checkpoint old : all.subList(0, Math.max(0, all.size() - kept))) {
      DataDirectory.deleteTree(old.directory());
    }
  }

  @Override
  public void format() {
    // There is nothing to begin with.
  }

  @Override
  public File getSnapshotDir() {
    return root().toFile();
  }

  @Override
  public File getTmpDir() {
    return required().getStorageDir().getTmpDir();
  }
}
