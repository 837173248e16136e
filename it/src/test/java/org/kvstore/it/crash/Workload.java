package org.kvstore.it.crash;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import org.kvstore.it.support.Service;

/** Clients that run until their server is gone. */
final class Workload implements AutoCloseable {
  private final List<Client> clients = new ArrayList<>();
  private final List<Future<?>> running = new ArrayList<>();
  private final ExecutorService threads;
  private final AtomicLong answered = new AtomicLong();

  Workload(Service service, String name, int clients, Random seeds) {
    threads = Executors.newFixedThreadPool(clients);
    for (int i = 0; i < clients; i++) {
      Client client = new Client(name + "-" + i, new Random(seeds.nextLong()));
      this.clients.add(client);
      running.add(threads.submit(() -> client.run(service, answered::incrementAndGet)));
    }
  }

  /** How many requests were answered so far. */
  long answered() {
    return answered.get();
  }

  /** Whether no client runs any more. */
  boolean hasEnded() {
    return running.stream().allMatch(Future::isDone);
  }

  /** Waits until all clients have seen that the server is gone, and returns them. */
  List<Client> join() throws InterruptedException, ExecutionException {
    for (Future<?> client : running) {
      client.get();
    }
    return clients;
  }

  @Override
  public void close() {
    threads.shutdownNow();
  }
}
