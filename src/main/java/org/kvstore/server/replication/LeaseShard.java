package org.kvstore.server.replication;

import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import org.kvstore.server.model.Key;
import org.kvstore.server.model.Lease;
import org.kvstore.server.model.Outcome;
import org.kvstore.server.model.Submission;

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
}
