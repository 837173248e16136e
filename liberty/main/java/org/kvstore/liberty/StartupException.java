package org.kvstore.liberty;

/** The server cannot be started; the message says what is wrong and what to do. */
final class StartupException extends RuntimeException {
  private static final int FAILED = 1;
  private static final int USAGE = 2;

  private final int status;

  private StartupException(int status, String message) {
    super(message);
    this.status = status;
  }

  StartupException(String message) {
    this(FAILED, message);
  }

  StartupException(String message, Throwable cause) {
    super(message + ": " + cause, cause);
    status = FAILED;
  }

  /** The command line says what cannot be. */
  static StartupException ofUsage(String message) {
    return new StartupException(USAGE, message);
  }

  /** What the process exits with. */
  int status() {
    return status;
  }
}
