package org.kvstore.liberty;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/** A directory with everything in it. */
final class FileTree {
  private FileTree() {}

  /** Deletes a tree; one that does not exist is deleted already. Links are not followed. */
  static void delete(Path tree) throws IOException {
    if (!Files.exists(tree)) {
      return;
    }
    List<Path> childrenFirst;
    try (Stream<Path> files = Files.walk(tree)) {
      childrenFirst = files.sorted(Comparator.reverseOrder()).toList();
    }
    for (Path file : childrenFirst) {
      Files.delete(file);
    }
  }
}
