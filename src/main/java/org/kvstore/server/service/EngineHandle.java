package org.kvstore.server.service;

import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.KeyValueException;

/**
 * The engine, or the reason why it did not open. A service that cannot open its data stays up, is
 * not ready, and answers every request with the reason.
 */
public final class EngineHandle {
  private final @Nullable Engine engine;
  private final @Nullable KeyValueException failure;

  private EngineHandle(@Nullable Engine engine, @Nullable KeyValueException failure) {
    this.engine = engine;
    this.failure = failure;
  }

  static EngineHandle opened(Engine engine) {
    return new EngineHandle(engine, null);
  }

  static EngineHandle failed(KeyValueException failure) {
    return new EngineHandle(null, failure);
  }

  /**
   * The engine.
   *
   * @throws KeyValueException UNAVAILABLE when it did not open, with the reason that its readiness
   *     gives to everybody too
   */
  public Engine require() {
    if (engine == null) {
      throw KeyValueException.of(
          ErrorCode.UNAVAILABLE,
          failure == null ? "The service is not open." : String.valueOf(failure.getMessage()));
    }
    return engine;
  }

  /** The engine if it opened. */
  public Optional<Engine> engine() {
    return Optional.ofNullable(engine);
  }

  /** Why it did not open, with the file at fault. */
  public Optional<KeyValueException> failure() {
    return Optional.ofNullable(failure);
  }
}
