package org.kvstore.it.cluster;

import java.io.IOException;
import java.io.UncheckedIOException;

/** Commands of the system. */
final class Commands {
  private Commands() {}

  /** Runs one to its end; returns whether it says that it has succeeded. */
  static boolean run(String... command) {
    try {
      return new ProcessBuilder(command).inheritIO().start().waitFor() == 0;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }
}
