package org.kvstore.server.replication;

import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import org.kvstore.server.model.Key;
import org.kvstore.server.model.Lease;
import org.kvstore.server.model.Outcome;
import org.kvstore.server.model.Submission;
import org.kvstore.server.store.Store;

/** One shard as {@link LeaseCoordinator} sees it, wherever its replicas are. */
public interface LeaseShard {

  /** Submits a command, as {@link Replicator#submit} does. */
  CompletionStage<Outcome> submit(Submission submission);

  /**
   * A lease as the shard has it, of whatever status; empty when it has none. It sees every write
   * acknowledged before the call.
   */
  CompletionStage<Optional<Lease>> lease(long id);

  /** The keys of the shard that hang on a lease, in order; it sees what {@link #lease} sees. */
  CompletionStage<List<Key>> keys(long lease);

  /** A shard that has a replica here. */
  static LeaseShard of(Store store, Replicator replicator) {
    return new LeaseShard() {
      @Override
      public CompletionStage<Outcome> submit(Submission submission) {
        return replicator.submit(submission);
      }

      @Override
      public CompletionStage<Optional<Lease>> lease(long id) {
        return replicator.readBarrier().thenApply(any -> Optional.ofNullable(store.lease(id)));
      }

      @Override
      public CompletionStage<List<Key>> keys(long lease) {
        return replicator.readBarrier().thenApply(any -> store.leaseKeys(lease));
      }
    };
  }
}
