package org.kvstore.client;

import jakarta.ws.rs.ProcessingException;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.UnknownHostException;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import javax.net.ssl.SSLHandshakeException;
import javax.net.ssl.SSLPeerUnverifiedException;
import org.kvstore.api.ErrorCode;

/**
 * Gives the failures of the transport their meaning: when no connection came about, the request was
 * certainly not applied; when one broke or timed out, a read may be repeated, and the outcome of a
 * write is unknown.
 */
enum Transport {
  /** Requests that change nothing. */
  READ(ErrorCode.UNAVAILABLE),
  /** Requests that may have been applied although no answer arrived. */
  WRITE(ErrorCode.INDETERMINATE);

  private final ErrorCode afterSending;

  Transport(ErrorCode afterSending) {
    this.afterSending = afterSending;
  }

  <T> T call(Supplier<T> request) {
    try {
      return request.get();
    } catch (ProcessingException failed) {
      throw failure(failed);
    }
  }

  <T> CompletionStage<T> stage(CompletionStage<T> request) {
    return request.exceptionally(
        thrown -> {
          Throwable cause = thrown instanceof CompletionException ? thrown.getCause() : thrown;
          if (cause instanceof ProcessingException failed) {
            throw failure(failed);
          }
          if (cause instanceof RuntimeException runtime) {
            throw runtime;
          }
          throw new CompletionException(cause);
        });
  }

  /** What a failure of the transport means. */
  KeyValueException failure(Throwable failed) {
    Throwable root = failed;
    boolean sent = true;
    for (int depth = 0; depth < 20; depth++) {
      if (root instanceof KeyValueException typed) {
        return typed;
      }
      sent &= !isBeforeSending(root);
      Throwable cause = root.getCause();
      if (cause == null) {
        break;
      }
      root = cause;
    }
    ErrorCode code = sent ? afterSending : ErrorCode.UNAVAILABLE;
    String reason = root.getMessage() == null ? root.getClass().getSimpleName() : root.getMessage();
    return KeyValueException.of(Failure.local(0, code, code.title() + ": " + reason), failed);
  }

  /** Connection time-outs have a class of their own in each HTTP client, hence the name. */
  private static boolean isBeforeSending(Throwable cause) {
    return cause instanceof ConnectException
        || cause instanceof UnknownHostException
        || cause instanceof NoRouteToHostException
        || cause instanceof SSLHandshakeException
        || cause instanceof SSLPeerUnverifiedException
        || cause.getClass().getSimpleName().contains("ConnectTimeout");
  }
}
