package org.kvstore.server.security;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.kvstore.server.model.Access;
import org.kvstore.server.service.EngineHandle;
import org.kvstore.server.service.FrontConfig;

/**
 * What each caller may ask for in a second: whoever proved to be of one name is one caller, and
 * where nobody has to prove anything, whoever comes from one {@link Network}. Operators are not
 * limited.
 *
 * <p>Bounded: a caller who was not seen for long begins anew.
 */
@Singleton
public class CallerLimits {
  private static final int MOST = 100_000;
  private static final Duration MEMORY = Duration.ofMinutes(10);

  private final FrontConfig config;
  private final Cache<String, Allowance> allowances =
      Caffeine.newBuilder().maximumSize(MOST).expireAfterAccess(MEMORY).build();

  @Inject
  public CallerLimits(EngineHandle handle) {
    this(handle.engine().map(engine -> engine.config().front()).orElse(FrontConfig.DEFAULT));
  }

  CallerLimits(FrontConfig config) {
    this.config = config;
  }

  /** The allowance of who sent a request, or null when there are no limits for them. */
  public @Nullable Allowance of(Access access, String address) {
    if (config.callerRequests() == 0 && config.callerBytes() == 0) {
      return null;
    }
    if (access instanceof LiveAccess live) {
      return live.isOperator() ? null : allowance("name " + live.owner());
    }
    return allowance("network " + Network.of(address));
  }

  private Allowance allowance(String caller) {
    return allowances.get(
        caller, any -> new Allowance(config.callerRequests(), config.callerBytes()));
  }
}
