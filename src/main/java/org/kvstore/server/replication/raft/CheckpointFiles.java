package org.kvstore.server.replication.raft;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.apache.ratis.util.MD5FileUtil;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.store.DataDirectory;
import org.kvstore.server.store.Replacement;
import org.kvstore.server.store.Store;

/**
 * What is done with the files of a checkpoint. Beside each that was received is its digest, as the
 * leader computed it from its own.
 */
final class CheckpointFiles {
  private static final String DIGEST = ".md5";

  /** Files that are never changed once they are written. */
  private static final String TABLE = ".sst";

  private CheckpointFiles() {}

  /** Those of the database. */
  static List<Path> of(Path directory) throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files.filter(file -> !file.toString().endsWith(DIGEST)).sorted().toList();
    }
  }

  /**
   * Reads all files of a checkpoint that was received, and compares them with their digests. One
   * that was made here has none.
   *
   * @throws IOException when a file is not what was sent, or has no digest while others have
   */
  static void verify(Path directory) throws IOException {
    List<Path> files = of(directory);
    if (files.stream().noneMatch(CheckpointFiles::hasDigest)) {
      return;
    }
    for (Path file : files) {
      if (!hasDigest(file)) {
        throw new IOException("There is no digest of " + file + ", which was received.");
      }
      MD5FileUtil.verifySavedMD5(file.toFile(), MD5FileUtil.computeMd5ForFile(file.toFile()));
    }
  }

  private static boolean hasDigest(Path file) {
    return Files.exists(file.resolveSibling(file.getFileName() + DIGEST));
  }

  /** Has a store go on from a checkpoint, which stays as it is. */
  static void installInto(Store store, Path checkpoint) throws IOException {
    try (Replacement copy = store.newReplacement()) {
      Path staged = Files.createDirectory(copy.staged());
      for (Path file : of(checkpoint)) {
        link(file, staged.resolve(file.getFileName()));
      }
      syncTree(staged);
      store.install(copy);
    } catch (KeyValueException e) {
      throw new IOException("The checkpoint " + checkpoint + " could not take over", e);
    }
  }

  private static void link(Path file, Path target) throws IOException {
    if (file.toString().endsWith(TABLE)) {
      Files.createLink(target, file);
    } else {
      Files.copy(file, target);
    }
  }

  /** Makes a directory durable, with all below it. */
  static void syncTree(Path directory) throws IOException {
    if (!Files.exists(directory)) {
      return;
    }
    try (Stream<Path> tree = Files.walk(directory)) {
      for (Path path : tree.sorted(Comparator.reverseOrder()).toList()) {
        DataDirectory.sync(path);
      }
    }
  }
}
