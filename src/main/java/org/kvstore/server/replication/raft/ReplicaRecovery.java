package org.kvstore.server.replication.raft;

import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * Has replicas that have failed begin again, with the log and the store that they have, as a start
 * of the node would have them: a disk was full, and is not any more. The first time soon, then less
 * and less often, and only with room on the disk. What people have to mend is left to them, see
 * {@link ReplicaException}.
 *
 * <p>Until then the replica is taken from Raft: its leader would go on and on sending to it, and
 * Raft would log each time that it cannot.
 *
 * <p>Of the thread of {@link Hosting}, which is the only one that changes replicas.
 */
final class ReplicaRecovery {
  private static final Logger LOG = System.getLogger(ReplicaRecovery.class.getName());
  private static final long FIRST_NANOS = TimeUnit.SECONDS.toNanos(2);
  private static final long LONGEST_NANOS = TimeUnit.MINUTES.toNanos(2);

  /** In a row, for about a quarter of an hour: Raft leaves something behind of each that fails. */
  private static final int MOST_TRIES = 12;

  private final ReplicaHost host;
  private final Replicas replicas;
  private final Participation participation;
  private final Map<Integer, Wait> waits = new HashMap<>();

  /** Since when there was no try, and for how long there is to be none: nanoseconds. */
  private record Wait(int tries, long since, long length) {
    boolean isOver() {
      return tries < MOST_TRIES && System.nanoTime() - since >= length;
    }

    /** After another try. */
    Wait next() {
      return new Wait(tries + 1, System.nanoTime(), Math.min(2 * length, LONGEST_NANOS));
    }
  }

  ReplicaRecovery(ReplicaHost host, Replicas replicas, Participation participation) {
    this.host = host;
    this.replicas = replicas;
    this.participation = participation;
  }

  /** Does what there is to do now for the replica of a shard. */
  void look(int shard) throws IOException {
    replicas.noticeEnd(shard);
    if (!replicas.mayRecover(shard)) {
      forget(shard);
      return;
    }
    // Nothing happens once it has.
    participation.end(shard);
    Wait wait = waits.computeIfAbsent(shard, any -> new Wait(0, System.nanoTime(), FIRST_NANOS));
    if (wait.isOver() && host.hasRoom(shard)) {
      waits.put(shard, wait.next());
      LOG.log(Level.INFO, "A replica that has failed begins again. shard={0}", shard);
      participation.recover(shard);
    }
  }

  /** One that has gone well for long enough begins soon again, should it fail again. */
  private void forget(int shard) {
    Wait wait = waits.get(shard);
    if (wait != null && System.nanoTime() - wait.since() > 2 * LONGEST_NANOS) {
      waits.remove(shard);
    }
  }
}
