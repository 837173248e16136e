package org.kvstore.server.security;

import jakarta.annotation.Resource;
import jakarta.enterprise.concurrent.ManagedScheduledExecutorService;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.context.BeforeDestroyed;
import jakarta.enterprise.context.Initialized;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Inject;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.NullUnmarked;
import org.kvstore.server.model.Condition;
import org.kvstore.server.service.EngineHandle;
import org.kvstore.server.service.SystemEntries;

/**
 * Keeps when tokens were used last, every few minutes: a read must not become a write. After a
 * crash it is known to that.
 */
@ApplicationScoped
@NullUnmarked // The container fills the fields.
public class TokenUses {
  private static final Logger LOG = System.getLogger(TokenUses.class.getName());
  private static final long MINUTES = 5;

  @Inject EngineHandle handle;
  @Inject Directory directory;
  @Inject SystemEntries entries;

  @Resource(lookup = "java:comp/DefaultManagedScheduledExecutorService")
  ManagedScheduledExecutorService timer;

  /** What is kept already; the timer's own. */
  private final Map<String, Long> kept = new HashMap<>();

  private Future<?> ticks;

  void start(@Observes @Initialized(ApplicationScoped.class) Object event) {
    if (handle.engine().map(engine -> engine.security().isRequired()).orElse(false)) {
      ticks = timer.scheduleWithFixedDelay(this::keep, MINUTES, MINUTES, TimeUnit.MINUTES);
    }
  }

  void stop(@Observes @BeforeDestroyed(ApplicationScoped.class) Object event) {
    if (ticks != null) {
      ticks.cancel(false);
    }
  }

  /** An exception would end the schedule. */
  private void keep() {
    try {
      Map<String, ApiToken> tokens = directory.rules().get().tokens();
      kept.keySet().retainAll(tokens.keySet());
      directory.rules().uses().keySet().retainAll(tokens.keySet());
      directory.rules().uses().forEach((id, time) -> keep(tokens.get(id), time));
    } catch (RuntimeException e) {
      LOG.log(Level.WARNING, "It could not be kept when tokens were used.", e);
    }
  }

  private void keep(ApiToken token, Long time) {
    if (token != null && !time.equals(kept.put(token.id(), time))) {
      entries.put(
          SecurityRows.use(token.id()),
          SecurityRows.value(time),
          token.expiresAt(),
          Condition.NONE);
    }
  }
}
