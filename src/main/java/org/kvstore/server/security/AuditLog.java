package org.kvstore.server.security;

import jakarta.annotation.PreDestroy;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import jakarta.json.Json;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.AuditTrail;
import org.kvstore.server.service.AuditConfig;
import org.kvstore.server.service.Engine;
import org.kvstore.server.service.EngineHandle;

/**
 * Who did what: a JSON line for each write, each refusal and each act of administration, in files
 * of its own that rotate; never a value, never a secret. A line is handed to the operating system
 * before the answer is sent. Whether that succeeds the answer does not wait for: see {@link
 * AuditFile}.
 *
 * <p>Refusals have files of their own. Anybody can be refused as often as they like, and so push
 * out what was refused before; what was done is not theirs to push out.
 */
@Singleton
public class AuditLog {
  /** What is answered to who may not do something, or not now. */
  private static final Set<String> REFUSALS =
      Stream.of(ErrorCode.UNAUTHENTICATED, ErrorCode.FORBIDDEN, ErrorCode.TOO_MANY_REQUESTS)
          .map(Enum::name)
          .collect(Collectors.toUnmodifiableSet());

  private final @Nullable Files files;
  private final Clock clock;

  /** Where lines go: what was done or failed, and what was refused. */
  private record Files(AuditFile done, AuditFile refused) {}

  @Inject
  public AuditLog(EngineHandle handle) {
    this(
        handle.engine().map(engine -> engine.config().audit()).orElse(AuditConfig.OFF),
        handle.engine().map(Engine::clock).orElse(Clock.systemUTC()));
  }

  AuditLog(AuditConfig config, Clock clock) {
    this.clock = clock;
    files =
        config
            .file()
            .map(Path::toAbsolutePath)
            .map(name -> new Files(file(name, config), file(AuditConfig.refused(name), config)))
            .orElse(null);
  }

  private static AuditFile file(Path name, AuditConfig config) {
    RotatingFile file =
        new RotatingFile(number -> config.part(name, number), config.maxBytes(), config.maxFiles());
    return new AuditFile(config.part(name, 0).toString(), file, System::nanoTime);
  }

  /** Whether there is one. */
  public boolean isOn() {
    return files != null;
  }

  /** Whether the newest line of done or refused things could not be written. */
  public boolean isFailing() {
    return files != null && (files.done().isFailing() || files.refused().isFailing());
  }

  /** Lines that could not be written since the start. */
  public long lost() {
    return files == null ? 0 : files.done().lost() + files.refused().lost();
  }

  /**
   * What hears of one request.
   *
   * @param caller who sent it; empty when that is not known
   * @param address where it came from
   * @param requestId what its problems and the access log name it by
   */
  AuditTrail trail(String caller, String address, String requestId) {
    Files to = files;
    if (to == null) {
      return AuditTrail.NONE;
    }
    return (action, target, outcome) ->
        (isRefusal(action, outcome) ? to.refused() : to.done())
            .append(
                Json.createObjectBuilder()
                    .add("time", Instant.ofEpochMilli(clock.millis()).toString())
                    .add("caller", caller)
                    .add("address", address)
                    .add("requestId", requestId)
                    .add("action", action)
                    .add("target", target)
                    .add("outcome", outcome)
                    .build()
                    .toString());
  }

  /** Who cannot be authenticated is refused for whatever reason. */
  private static boolean isRefusal(String action, String outcome) {
    return action.equals(AuditTrail.AUTHENTICATE) || REFUSALS.contains(outcome);
  }

  @PreDestroy
  void close() {
    if (files != null) {
      files.done().close();
      files.refused().close();
    }
  }
}
