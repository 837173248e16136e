package org.kvstore.server.security;

import jakarta.annotation.Priority;
import jakarta.annotation.Resource;
import jakarta.enterprise.concurrent.ManagedScheduledExecutorService;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.context.BeforeDestroyed;
import jakarta.enterprise.context.Initialized;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Inject;
import jakarta.interceptor.Interceptor;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.NullUnmarked;
import org.kvstore.server.model.Condition;
import org.kvstore.server.service.EngineHandle;
import org.kvstore.server.service.SystemEntries;

/**
 * Keeps when tokens were used last, every few minutes and at the end: a read must not become a
 * write. After a crash it is known to that. What could not be written is tried again.
 */
@ApplicationScoped
@NullUnmarked // The container fills the fields.
public class TokenUses {
  private static final Logger LOG = System.getLogger(TokenUses.class.getName());
  private static final long MINUTES = 5;
  private static final long LAST_SECONDS = 5;

  /** The application is still whole then; the store is closed at the default, later. */
  private static final int BEFORE_THE_STORE_IS_CLOSED = Interceptor.Priority.APPLICATION;

  @Inject EngineHandle handle;
  @Inject Directory directory;
  @Inject SystemEntries entries;

  @Resource(lookup = "java:comp/DefaultManagedScheduledExecutorService")
  ManagedScheduledExecutorService timer;

  private Future<?> ticks;

  void start(@Observes @Initialized(ApplicationScoped.class) Object event) {
    if (isRequired()) {
      ticks = timer.scheduleWithFixedDelay(this::keep, MINUTES, MINUTES, TimeUnit.MINUTES);
    }
  }

  void stop(
      @Observes @Priority(BEFORE_THE_STORE_IS_CLOSED) @BeforeDestroyed(ApplicationScoped.class)
          Object event) {
    if (ticks != null) {
      ticks.cancel(false);
    }
    if (isRequired()) {
      keep().completeOnTimeout(null, LAST_SECONDS, TimeUnit.SECONDS).join();
    }
  }

  private boolean isRequired() {
    return handle.engine().map(engine -> engine.config().security().isRequired()).orElse(false);
  }

  /** Keeps what the store does not have. It does not fail: an exception would end the schedule. */
  CompletableFuture<Void> keep() {
    return CompletableFuture.completedFuture(directory)
        .thenCompose(any -> keepAll(directory.rules()))
        .exceptionally(
            failure -> {
              LOG.log(Level.WARNING, "It could not be kept when tokens were used.", failure);
              return null;
            });
  }

  private CompletableFuture<Void> keepAll(AccessRules rules) {
    Map<String, ApiToken> tokens = rules.get().tokens();
    rules.uses().keySet().retainAll(tokens.keySet());
    List<CompletableFuture<?>> writes = new ArrayList<>();
    rules
        .uses()
        .forEach(
            (id, time) -> {
              ApiToken token = tokens.get(id);
              if (token != null && !rules.isKept(id, time)) {
                writes.add(keep(token, time));
              }
            });
    return CompletableFuture.allOf(writes.toArray(CompletableFuture<?>[]::new));
  }

  private CompletableFuture<?> keep(ApiToken token, long time) {
    return entries
        .put(
            SecurityRows.use(token.id()),
            SecurityRows.value(time),
            token.expiresAt(),
            Condition.NONE)
        .toCompletableFuture();
  }
}
