package org.kvstore.server.store;

import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.WRITE;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.kvstore.server.model.Outcome;
import org.kvstore.server.model.Submission;
import org.kvstore.server.replication.DiskSpace;
import org.kvstore.server.replication.LocalReplicator;

/**
 * The process whose power is cut: it runs the engine on a data directory, as the service does, and
 * writes down, outside of it, how many commands were acknowledged.
 */
final class PowerCutWorkload {
  private final Path directory;
  private final FileChannel acknowledgements;
  private final PowerCutStory story;
  private final ExecutorService answers = Executors.newSingleThreadExecutor();
  private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
  private int acknowledged;

  private PowerCutWorkload(Path directory, FileChannel acknowledgements, long seed) {
    this.directory = directory;
    this.acknowledgements = acknowledgements;
    story = new PowerCutStory(seed, true);
  }

  /**
   * Takes the root of the disk, the file of acknowledgements, the seed and a number of commands.
   */
  public static void main(String[] arguments) throws IOException {
    int commands = Integer.parseInt(arguments[3]);
    try (FileChannel channel = FileChannel.open(Path.of(arguments[1]), CREATE, WRITE)) {
      var workload =
          new PowerCutWorkload(
              Path.of(arguments[0]).resolve("volume/data"), channel, Long.parseLong(arguments[2]));
      for (int life = 1; life <= PowerCutStory.LIVES; life++) {
        workload.live(commands * life / PowerCutStory.LIVES);
      }
      workload.answers.shutdown();
      workload.timer.shutdown();
    }
  }

  private void live(int until) throws IOException {
    try (DataDirectory data = DataDirectory.open(directory);
        Store store = PowerCutStory.open(data)) {
      data.initialised();
      DiskSpace disk = new DiskSpace(directory, 0);
      Future<?> sweeps = timer.scheduleWithFixedDelay(store::sweep, 1, 1, TimeUnit.MILLISECONDS);
      try (LocalReplicator replicator =
          new LocalReplicator(store, PowerCutStory.LIMITS, disk, Thread::new, answers)) {
        while (acknowledged < until) {
          submit(replicator, story.nextGroup());
        }
      }
      if (!sweeps.cancel(false)) {
        throw new IllegalStateException("The history was no longer swept.");
      }
    }
  }

  private void submit(LocalReplicator replicator, List<Submission> group) throws IOException {
    List<CompletableFuture<Outcome>> outcomes =
        group.stream().map(write -> replicator.submit(write).toCompletableFuture()).toList();
    for (CompletableFuture<Outcome> outcome : outcomes) {
      outcome.orTimeout(60, TimeUnit.SECONDS).join();
      acknowledged++;
      acknowledgements.write(ByteBuffer.wrap((acknowledged + "\n").getBytes()));
    }
  }
}
