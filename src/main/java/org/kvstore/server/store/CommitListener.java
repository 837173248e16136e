package org.kvstore.server.store;

import java.util.List;
import org.kvstore.server.model.Event;

/** Hears of changes once they are durable and readers can see them. */
@FunctionalInterface
public interface CommitListener {
  /**
   * Called by the committing thread, in order of revisions, with no lock of the view held. It must
   * not block: the next commit waits for it.
   */
  void committed(List<Event> events);

  /**
   * Called when the store is about to be opened anew, by a restore or after a write that was in
   * doubt: until {@link #recovered} what is known of it may be outdated.
   */
  default void recovering() {
    // Readers are refused meanwhile.
  }

  /**
   * Called when the store has been opened anew, by a restore or after a write that was in doubt: it
   * may show what nobody has told of. It must not block either.
   */
  default void recovered() {
    // Watches find it out by themselves.
  }

  /** Both of them: this one hears of each thing first. */
  default CommitListener then(CommitListener next) {
    CommitListener first = this;
    return new CommitListener() {
      @Override
      public void committed(List<Event> events) {
        first.committed(events);
        next.committed(events);
      }

      @Override
      public void recovering() {
        first.recovering();
        next.recovering();
      }

      @Override
      public void recovered() {
        first.recovered();
        next.recovered();
      }
    };
  }
}
