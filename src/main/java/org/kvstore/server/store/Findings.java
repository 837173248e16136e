package org.kvstore.server.store;

import java.io.PrintStream;

/** What a check of a data directory finds, printed as it is found. */
final class Findings {
  /** Problems of one kind say the same: the first ones are enough. */
  private static final int MOST_PRINTED = 50;

  private final PrintStream out;
  private long problems;

  Findings(PrintStream out) {
    this.out = out;
  }

  /** Says what was checked, and how much of it. */
  void checked(String what, Object... values) {
    out.printf(what + "%n", values);
  }

  /** Something is wrong with a file or a row. */
  void problem(String where, String what) {
    problems++;
    if (problems <= MOST_PRINTED) {
      out.printf("DAMAGED %s: %s%n", where, what);
    } else if (problems == MOST_PRINTED + 1) {
      out.println("DAMAGED further problems are counted only");
    }
  }

  /** The same for what an exception says, its causes included. */
  void problem(String where, Throwable thrown) {
    StringBuilder what = new StringBuilder(message(thrown));
    for (Throwable cause = thrown.getCause(); cause != null; cause = cause.getCause()) {
      what.append(" Cause: ").append(message(cause));
    }
    problem(where, what.toString());
  }

  long problems() {
    return problems;
  }

  private static String message(Throwable thrown) {
    String message = thrown.getMessage();
    return message == null ? thrown.toString() : message;
  }
}
