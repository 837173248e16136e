package org.kvstore.server.security;

import jakarta.annotation.PreDestroy;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import jakarta.json.Json;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.util.Set;
import java.util.logging.FileHandler;
import java.util.logging.Formatter;
import java.util.logging.Level;
import java.util.logging.LogRecord;
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
 * before the answer is sent.
 *
 * <p>Refusals have files of their own. Anybody can be refused as often as they like, and so push
 * out what was refused before; what was done is not theirs to push out.
 */
@Singleton
public class AuditLog {
  private static final String REFUSED = ".refused";

  /** What is answered to who may not do something, or not now. */
  private static final Set<String> REFUSALS =
      Stream.of(ErrorCode.UNAUTHENTICATED, ErrorCode.FORBIDDEN, ErrorCode.TOO_MANY_REQUESTS)
          .map(Enum::name)
          .collect(Collectors.toUnmodifiableSet());

  private final @Nullable Files files;
  private final Clock clock;

  /** Where lines go: what was done or failed, and what was refused. */
  private record Files(FileHandler done, FileHandler refused) {}

  @Inject
  public AuditLog(EngineHandle handle) {
    this(
        handle.engine().map(Engine::audit).orElse(AuditConfig.OFF),
        handle.engine().map(Engine::clock).orElse(Clock.systemUTC()));
  }

  AuditLog(AuditConfig config, Clock clock) {
    this.clock = clock;
    files = config.file().map(file -> open(file.toAbsolutePath(), config)).orElse(null);
  }

  private static Files open(Path path, AuditConfig config) {
    try {
      return new Files(handler(path.toString(), config), handler(path + REFUSED, config));
    } catch (IOException e) {
      throw new UncheckedIOException("The audit log cannot be written: " + path, e);
    }
  }

  private static FileHandler handler(String path, AuditConfig config) throws IOException {
    String pattern = path.replace("%", "%%") + (config.maxFiles() > 1 ? ".%g" : "");
    FileHandler file = new FileHandler(pattern, config.maxBytes(), config.maxFiles(), true);
    file.setEncoding("UTF-8");
    file.setLevel(Level.ALL);
    file.setFormatter(new Line());
    return file;
  }

  /** Whether there is one. */
  public boolean isOn() {
    return files != null;
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
            .publish(
                new LogRecord(
                    Level.INFO,
                    Json.createObjectBuilder()
                        .add("time", Instant.ofEpochMilli(clock.millis()).toString())
                        .add("caller", caller)
                        .add("address", address)
                        .add("requestId", requestId)
                        .add("action", action)
                        .add("target", target)
                        .add("outcome", outcome)
                        .build()
                        .toString()));
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

  /** A record as it is. */
  private static final class Line extends Formatter {
    @Override
    public String format(LogRecord line) {
      return line.getMessage() + '\n';
    }
  }
}
