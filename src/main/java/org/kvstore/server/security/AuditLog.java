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
import java.util.logging.FileHandler;
import java.util.logging.Formatter;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import org.jspecify.annotations.Nullable;
import org.kvstore.server.model.AuditTrail;
import org.kvstore.server.service.AuditConfig;
import org.kvstore.server.service.Engine;
import org.kvstore.server.service.EngineHandle;

/**
 * Who did what: a JSON line for each write, each refusal and each act of administration, in a file
 * of its own that rotates; never a value, never a secret. A line is handed to the operating system
 * before the answer is sent.
 */
@Singleton
public class AuditLog {
  private final @Nullable FileHandler file;
  private final Clock clock;

  @Inject
  public AuditLog(EngineHandle handle) {
    clock = handle.engine().map(Engine::clock).orElse(Clock.systemUTC());
    file =
        handle.engine().map(Engine::audit).flatMap(AuditConfig::file).isPresent()
            ? open(handle.require().audit())
            : null;
  }

  private static FileHandler open(AuditConfig config) {
    Path path = config.file().orElseThrow().toAbsolutePath();
    try {
      String pattern = path.toString().replace("%", "%%") + (config.maxFiles() > 1 ? ".%g" : "");
      FileHandler file = new FileHandler(pattern, config.maxBytes(), config.maxFiles(), true);
      file.setEncoding("UTF-8");
      file.setLevel(Level.ALL);
      file.setFormatter(new Line());
      return file;
    } catch (IOException e) {
      throw new UncheckedIOException("The audit log cannot be written: " + path, e);
    }
  }

  /** Whether there is one. */
  public boolean isOn() {
    return file != null;
  }

  /**
   * What hears of one request.
   *
   * @param caller who sent it; empty when that is not known
   * @param address where it came from
   * @param requestId what its problems and the access log name it by
   */
  AuditTrail trail(String caller, String address, String requestId) {
    FileHandler to = file;
    if (to == null) {
      return AuditTrail.NONE;
    }
    return (action, target, outcome) ->
        to.publish(
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

  @PreDestroy
  void close() {
    if (file != null) {
      file.close();
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
