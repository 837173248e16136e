package org.kvstore.server.shard;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** Steps of closing, of which each is taken whatever became of those before it. */
public final class Steps {
  private Steps() {}

  /** Takes all of them; then throws what the last one that failed did, with the others in it. */
  public static void runAll(List<Runnable> steps) {
    @Nullable RuntimeException failure = null;
    for (Runnable step : steps) {
      try {
        step.run();
      } catch (RuntimeException e) {
        if (failure != null) {
          e.addSuppressed(failure);
        }
        failure = e;
      }
    }
    if (failure != null) {
      throw failure;
    }
  }
}
