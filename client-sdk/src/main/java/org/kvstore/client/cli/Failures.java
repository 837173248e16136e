package org.kvstore.client.cli;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.NoSuchFileException;
import org.kvstore.api.archive.ArchiveException;
import org.kvstore.client.IndeterminateException;
import org.kvstore.client.InvalidRequestException;
import org.kvstore.client.KeyNotFoundException;
import org.kvstore.client.PreconditionFailedException;
import org.kvstore.client.TooManyRequestsException;
import org.kvstore.client.UnavailableException;

/** The exit code and the sentence of each failure. */
final class Failures {
  private Failures() {}

  static int exitCode(Throwable failure) {
    if (failure instanceof InvalidRequestException) {
      return ExitCode.USAGE;
    }
    if (failure instanceof KeyNotFoundException || failure instanceof NoClusterException) {
      return ExitCode.NOT_FOUND;
    }
    if (failure instanceof PreconditionFailedException) {
      return ExitCode.PRECONDITION_FAILED;
    }
    boolean isOutOfReach =
        failure instanceof UnavailableException
            || failure instanceof IndeterminateException
            || failure instanceof TooManyRequestsException;
    return isOutOfReach ? ExitCode.UNAVAILABLE : ExitCode.FAILURE;
  }

  static String sentence(Throwable failure) {
    if (failure instanceof PreconditionFailedException failed) {
      String now = failed.etag().map(tag -> "; the ETag is now " + tag).orElse("");
      return failed.getMessage() + now;
    }
    if (failure instanceof NoSuchFileException || failure instanceof FileNotFoundException) {
      return "no such file: " + failure.getMessage();
    }
    if (failure instanceof AccessDeniedException) {
      return "not permitted: " + failure.getMessage();
    }
    if (failure instanceof ArchiveException) {
      return String.valueOf(failure.getMessage());
    }
    if (failure instanceof UncheckedIOException || failure instanceof IOException) {
      return "input or output failed: " + failure.getMessage();
    }
    String message = failure.getMessage();
    return message == null ? failure.getClass().getSimpleName() : message;
  }
}
