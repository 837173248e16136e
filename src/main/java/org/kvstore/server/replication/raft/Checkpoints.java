package org.kvstore.server.replication.raft;

import java.io.File;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
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
import org.kvstore.server.store.Store;

/**
 * The checkpoints of a shard: directories {@code checkpoint.TERM_INDEX}, each a database that shows
 * the log applied up to there. Taking one costs hard links. The log before the newest is not
 * needed, and a replica that has fallen further behind is sent it.
 *
 * <p>Durable on return: the files, their directory, and the directory that it appears in. One that
 * is not whole has another name.
 */
final class Checkpoints implements StateMachineStorage {
  private static final Pattern NAME = Pattern.compile("checkpoint\\.([0-9]+)_([0-9]+)");
  private static final String DIGEST = ".md5";

  private final Store store;

  /** Set by {@link #init}. */
  private @Nullable RaftStorage storage;

  Checkpoints(Store store) {
    this.store = store;
  }

  /** A checkpoint that is there. */
  private record Checkpoint(Path directory, TermIndex at) {}

  @Override
  public void init(RaftStorage of) throws IOException {
    storage = of;
    Files.createDirectories(root());
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
    Path target = root().resolve("checkpoint.%d_%d".formatted(at.getTerm(), at.getIndex()));
    if (Files.exists(target)) {
      return;
    }
    Path partial = root().resolve("partial");
    delete(partial);
    store.copyTo(partial);
    for (Path file : filesOf(partial)) {
      sync(file, StandardOpenOption.WRITE);
    }
    sync(partial, StandardOpenOption.READ);
    Files.move(partial, target, StandardCopyOption.ATOMIC_MOVE);
    sync(root(), StandardOpenOption.READ);
  }

  /** Has the store go on from the newest one, which has just been received. */
  void install() throws IOException {
    throw new IOException("not yet");
  }

  @Override
  public @Nullable SnapshotInfo getLatestSnapshot() {
    try {
      List<Checkpoint> all = all();
      return all.isEmpty() ? null : info(all.get(all.size() - 1));
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  private static SnapshotInfo info(Checkpoint checkpoint) throws IOException {
    List<FileInfo> files = new ArrayList<>();
    for (Path file : filesOf(checkpoint.directory())) {
      files.add(new FileInfo(file, null));
    }
    return new FileListSnapshotInfo(files, checkpoint.at());
  }

  /** The oldest first. */
  private List<Checkpoint> all() throws IOException {
    if (storage == null || !Files.exists(root())) {
      return List.of();
    }
    List<Checkpoint> found = new ArrayList<>();
    try (Stream<Path> entries = Files.list(root())) {
      for (Path entry : entries.toList()) {
        Matcher name = NAME.matcher(entry.getFileName().toString());
        if (name.matches()) {
          found.add(
              new Checkpoint(
                  entry,
                  TermIndex.valueOf(Long.parseLong(name.group(1)), Long.parseLong(name.group(2)))));
        }
      }
    }
    found.sort(Comparator.comparing(Checkpoint::at));
    return found;
  }

  @Override
  public void cleanupOldSnapshots(SnapshotRetentionPolicy policy) throws IOException {
    List<Checkpoint> all = all();
    int kept = Math.max(1, policy.getNumSnapshotsRetained());
    for (Checkpoint old : all.subList(0, Math.max(0, all.size() - kept))) {
      delete(old.directory());
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

  private static List<Path> filesOf(Path directory) throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files.filter(file -> !file.toString().endsWith(DIGEST)).sorted().toList();
    }
  }

  private static void sync(Path path, StandardOpenOption how) throws IOException {
    try (FileChannel channel = FileChannel.open(path, how)) {
      channel.force(true);
    }
  }

  private static void delete(Path directory) throws IOException {
    if (!Files.exists(directory)) {
      return;
    }
    try (Stream<Path> tree = Files.walk(directory)) {
      for (Path path : tree.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    }
  }
}
