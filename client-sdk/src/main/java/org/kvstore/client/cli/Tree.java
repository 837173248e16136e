package org.kvstore.client.cli;

import java.io.PrintStream;
import java.util.List;

/**
 * Prints ordered keys as an indented tree. Only the segments of the last key are kept: in order of
 * bytes, the keys below one branch are neighbours.
 */
final class Tree {
  private static final String INDENT = "  ";

  private final PrintStream out;
  private List<String> open = List.of();

  Tree(PrintStream out) {
    this.out = out;
  }

  /** Prints a key and the branches that it opens. */
  void add(String key) {
    List<String> segments = List.of(key.split("/", -1));
    List<String> branches = segments.subList(0, segments.size() - 1);
    int shared = 0;
    while (shared < Math.min(open.size(), branches.size())
        && open.get(shared).equals(branches.get(shared))) {
      shared++;
    }
    for (int level = shared; level < branches.size(); level++) {
      out.println(INDENT.repeat(level) + branches.get(level) + "/");
    }
    out.println(INDENT.repeat(branches.size()) + segments.get(branches.size()));
    open = branches;
  }
}
