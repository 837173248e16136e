package org.kvstore.server.shard;

import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.kvstore.server.model.Bytes;
import org.kvstore.server.model.Command;
import org.kvstore.server.model.Condition;
import org.kvstore.server.model.Key;
import org.kvstore.server.model.Lifetime;
import org.kvstore.server.model.Limits;
import org.kvstore.server.model.Outcome;
import org.kvstore.server.model.Retention;
import org.kvstore.server.replication.DiskSpace;
import org.kvstore.server.service.JsonPatcher;
import org.kvstore.server.store.Stores;
import org.kvstore.server.store.WatchHub;

/** Several shards on one node, each with a log of its own. */
final class TestShards implements AutoCloseable {
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final Shards shards;

  TestShards(Path directory, int count) {
    Shard.Setup setup =
        new Shard.Setup(
            Limits.DEFAULT,
            Retention.DEFAULT,
            events -> {},
            events -> {},
            new JsonPatcher(Limits.DEFAULT),
            Thread::new,
            () -> new WatchHub.Lanes(threads, threads, blocked -> {}),
            threads,
            Clock.systemUTC());
    List<Shard> opened = new ArrayList<>();
    for (int number = 0; number < count; number++) {
      Path path = directory.resolve(Integer.toString(number));
      opened.add(Shard.open(number, Stores.options(path), Shard.Begin.NEW, setup.entries(), setup));
    }
    shards = new Shards(opened, opened.get(0), "test", new LocalReplication(setup));
    shards.start(new DiskSpace(directory, 0), Clock.systemUTC());
  }

  Shards shards() {
    return shards;
  }

  void put(String key, String value) {
    submitPut(key, value).join();
  }

  CompletableFuture<Outcome> submitPut(String key, String value) {
    return submit(
        Key.of(key),
        new Command.Put(
            Key.of(key),
            Bytes.ofUtf8(value),
            "text/plain",
            new Lifetime.Forever(),
            Condition.NONE));
  }

  void delete(String key) {
    submit(Key.of(key), new Command.Delete(Key.of(key), Condition.NONE)).join();
  }

  private CompletableFuture<Outcome> submit(Key key, Command command) {
    return shards
        .of(key)
        .submit(command, null)
        .toCompletableFuture()
        .orTimeout(30, TimeUnit.SECONDS);
  }

  @Override
  public void close() {
    shards.stop();
    shards.close();
    threads.shutdown();
  }
}
