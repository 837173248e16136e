package org.kvstore.server.store;

import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.KeyValueException;

/**
 * A view that is kept for a read of several steps, outside the store's lock.
 *
 * <p>Each step is short, holds this object's monitor, and leaves no iterator open. So the store can
 * take the view back between two steps, before it closes the database: the next step then fails
 * with UNAVAILABLE, and no reader, however slow its client, holds up a close.
 */
final class PinnedView implements AutoCloseable {
  private final Consumer<PinnedView> onClose;

  /** Guarded by this object's monitor; null when the view was given or taken back. */
  private @Nullable View view;

  PinnedView(View retained, Consumer<PinnedView> onClose) {
    view = retained;
    this.onClose = onClose;
  }

  /** Takes one step. */
  synchronized <T> T read(Function<View, T> step) {
    if (view == null) {
      throw KeyValueException.of(
          ErrorCode.UNAVAILABLE, "The store was closed or replaced during the read.");
    }
    return step.apply(view);
  }

  @Override
  public void close() {
    takeBack();
    onClose.accept(this);
  }

  /** Ends the reading, waiting for a step that is under way. */
  synchronized void takeBack() {
    if (view != null) {
      view.release();
      view = null;
    }
  }
}
