package org.kvstore.client.cli;

/** What the program's exit codes mean; scripts rely on them. */
final class ExitCode {
  static final int OK = 0;

  /** A failure without a code of its own. */
  static final int FAILURE = 1;

  /** The arguments, or a key, are not valid. */
  static final int USAGE = 2;

  static final int NOT_FOUND = 3;

  static final int PRECONDITION_FAILED = 4;

  /** The service cannot be reached, took too long, or the outcome of a write is unknown. */
  static final int UNAVAILABLE = 5;

  private ExitCode() {}
}
