package org.kvstore.server.security;

import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.service.Engine;
import org.kvstore.server.service.EngineHandle;

/** The tokens and grants of the running store, and when tokens were used last. */
@Singleton
public class Directory {
  /** Uses within so many milliseconds are one. */
  private static final long USE_MILLIS = 1_000;

  private final @Nullable AccessRules rules;

  @Inject
  public Directory(EngineHandle handle) {
    rules = handle.engine().map(Directory::load).orElse(null);
  }

  private static AccessRules load(Engine engine) {
    AccessRules rules =
        new AccessRules(engine.shards().system().store(), RulesFeed.of(engine.shards()));
    engine.listen(rules);
    rules.recovered();
    return rules;
  }

  /**
   * The rules, as they are at each question.
   *
   * @throws KeyValueException UNAVAILABLE when the store did not open
   */
  AccessRules rules() {
    if (rules == null) {
      throw KeyValueException.of(ErrorCode.UNAVAILABLE, "The store is not open.");
    }
    return rules;
  }

  /** A token was used. */
  void used(String id, long now) {
    Map<String, Long> uses = rules().uses();
    Long before = uses.get(id);
    if (before == null || now - before >= USE_MILLIS) {
      uses.put(id, now);
    }
  }
}
