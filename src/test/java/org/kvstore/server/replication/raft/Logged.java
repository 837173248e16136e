package org.kvstore.server.replication.raft;

import java.text.MessageFormat;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.awaitility.Awaitility;

/** What a class logs while this is open. */
final class Logged extends Handler implements AutoCloseable {
  private final Logger logger;
  private final List<String> lines = new CopyOnWriteArrayList<>();

  private Logged(Logger logger) {
    this.logger = logger;
  }

  static Logged of(Class<?> who) {
    Logged logged = new Logged(Logger.getLogger(who.getName()));
    logged.logger.addHandler(logged);
    return logged;
  }

  /** Waits until it has logged a line that matches. */
  void await(String pattern) {
    Awaitility.await()
        .atMost(20, TimeUnit.SECONDS)
        .until(() -> lines.stream().anyMatch(line -> line.matches(pattern)));
  }

  /** How many lines it has logged that match. */
  long count(String pattern) {
    return lines.stream().filter(line -> line.matches(pattern)).count();
  }

  @Override
  public void publish(LogRecord line) {
    Object[] parameters = line.getParameters();
    lines.add(
        parameters == null || parameters.length == 0
            ? line.getMessage()
            : MessageFormat.format(line.getMessage(), parameters));
  }

  @Override
  public void flush() {}

  @Override
  public void close() {
    logger.removeHandler(this);
  }
}
