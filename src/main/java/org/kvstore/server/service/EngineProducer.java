package org.kvstore.server.service;

import jakarta.annotation.Resource;
import jakarta.enterprise.concurrent.ManagedScheduledExecutorService;
import jakarta.enterprise.concurrent.ManagedThreadFactory;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.context.BeforeDestroyed;
import jakarta.enterprise.context.Initialized;
import jakarta.enterprise.event.Observes;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Clock;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.eclipse.microprofile.config.Config;
import org.jspecify.annotations.NullUnmarked;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.KeyValueException;

/**
 * Opens the engine when the application starts and closes it when the application stops. A signal
 * ends the process: of that the application hears at once by a shutdown hook, and long before it is
 * stopped, as the container first waits for requests that are under way.
 */
@ApplicationScoped
@NullUnmarked // The container fills the fields.
public class EngineProducer {
  private static final Logger LOG = System.getLogger(EngineProducer.class.getName());

  /** {@code chainQuiesceTimeout} in {@code server.xml}. */
  private static final int CLOSED_SECONDS = 12;

  private static final int SLACK_SECONDS = 5;

  private static final int IDLE_SECONDS = 10;

  /** Set by the launcher: nobody else lives in this process. */
  private static final String OWN_PROCESS = "org.kvstore.own-process";

  /** As of a process that SIGTERM has ended. */
  private static final int STOPPED = 143;

  @Inject Config config;

  @Resource(lookup = "java:comp/DefaultManagedScheduledExecutorService")
  ManagedScheduledExecutorService timer;

  @Resource(lookup = "java:comp/DefaultManagedThreadFactory")
  ManagedThreadFactory threads;

  private Thread signal;
  private ThreadPoolExecutor answers;

  /** Opens at start, not at the first request. */
  void start(@Observes @Initialized(ApplicationScoped.class) Object event, EngineHandle handle) {
    handle.engine().ifPresent(this::started);
  }

  private void started(Engine engine) {
    LOG.log(
        Level.INFO,
        "The store is open. store={0} revision={1}",
        engine.storeId(),
        engine.shards().revisions());
    signal = new Thread(() -> end(engine), "kvstore-stop");
    Runtime.getRuntime().addShutdownHook(signal);
  }

  /**
   * Liberty closes connections {@value #CLOSED_SECONDS} s after it was told to stop at the latest,
   * but does not wake a thread that reads a body from one, and does not end an application with
   * such a thread for a minute and longer. The store is not kept open for that.
   */
  private static void end(Engine engine) {
    engine.stop();
    try {
      for (int i = 0; i < CLOSED_SECONDS + SLACK_SECONDS && !engine.isClosed(); i++) {
        Thread.sleep(1_000);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    if (!engine.isClosed()) {
      LOG.log(Level.WARNING, "A connection is being read still; the store is closed without it.");
      try {
        engine.close();
      } finally {
        if (Boolean.getBoolean(OWN_PROCESS)) {
          Runtime.getRuntime().halt(STOPPED);
        }
      }
    }
  }

  /**
   * Threads of our own: one of the container's that has received a body keeps the data of that
   * request, whichever it works for next. What it answered then came out without its body.
   *
   * <p>The queue needs no bound of its own: what waits in it are writes, held reads and pages that
   * were let in, and {@link org.kvstore.server.model.Limits} bounds those.
   */
  private static ThreadPoolExecutor pool(ThreadFactory threads) {
    int size = 2 * Runtime.getRuntime().availableProcessors();
    ThreadPoolExecutor pool =
        new ThreadPoolExecutor(
            size, size, IDLE_SECONDS, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), threads);
    pool.allowCoreThreadTimeOut(true);
    return pool;
  }

  @Produces
  @Singleton
  EngineHandle open() {
    answers = pool(threads);
    try {
      ServerConfig read = ServerConfig.read(name -> config.getOptionalValue(name, String.class));
      read.audit().requireWritable();
      return EngineHandle.opened(
          Engine.open(read, new Engine.Threads(threads, answers, timer), Clock.systemUTC()));
    } catch (KeyValueException e) {
      LOG.log(Level.ERROR, "The service is not ready: " + e.getMessage(), e.getCause());
      return EngineHandle.failed(e);
    } catch (RuntimeException | LinkageError e) {
      LOG.log(Level.ERROR, "The service is not ready.", e);
      return EngineHandle.failed(
          KeyValueException.of(ErrorCode.UNAVAILABLE, "The engine did not start: " + e));
    }
  }

  /**
   * Closes while the application still can: at its end the container can no longer inject this
   * bean, which a disposer needs (WELD-000019).
   */
  void stop(@Observes @BeforeDestroyed(ApplicationScoped.class) Object event, EngineHandle handle) {
    try {
      forgetSignal();
      handle.engine().ifPresent(Engine::close);
      LOG.log(Level.INFO, "The store is closed.");
    } catch (RuntimeException e) {
      LOG.log(Level.ERROR, "The store was not closed in order.", e);
    } finally {
      answers.shutdown();
    }
  }

  /** The process outlives the application, unless it is just ending. */
  private void forgetSignal() {
    if (signal == null) {
      return;
    }
    try {
      Runtime.getRuntime().removeShutdownHook(signal);
    } catch (IllegalStateException ending) {
      LOG.log(Level.DEBUG, "The process ends.", ending);
    }
  }
}
