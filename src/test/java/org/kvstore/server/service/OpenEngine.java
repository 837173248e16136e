package org.kvstore.server.service;

import java.nio.file.Path;
import java.time.Clock;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;

/** An engine with a directory of its own, and the threads that it runs on. */
public final class OpenEngine implements AutoCloseable {
  private final ExecutorService answers = Executors.newCachedThreadPool();
  private final ScheduledExecutorService timer = Executors.newScheduledThreadPool(2);
  private final Engine engine;

  private OpenEngine(Path directory, Map<String, String> properties) {
    ServerConfig config =
        ServerConfig.read(
            property ->
                property.equals("kv.data.dir")
                    ? Optional.of(directory.toString())
                    : Optional.ofNullable(properties.get(property)));
    engine =
        Engine.open(config, new Engine.Threads(Thread::new, answers, timer), Clock.systemUTC());
  }

  /** Opens one with properties beside its directory. */
  public static OpenEngine in(Path directory, Map<String, String> properties) {
    return new OpenEngine(directory, properties);
  }

  /** What the beans are given. */
  public EngineHandle handle() {
    return EngineHandle.opened(engine);
  }

  @Override
  public void close() {
    engine.close();
    answers.shutdown();
    timer.shutdown();
  }
}
