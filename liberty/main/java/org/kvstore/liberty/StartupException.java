package org.kvstore.liberty;

/** The server cannot be started; the message says what is wrong and what to do. */
final class StartupException extends RuntimeException {
  StartupException(String message) {
    super(message);
  }

  StartupException(String message, Throwable cause) {
    super(message + ": " + cause, cause);
  }
}
