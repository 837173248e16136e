package org.kvstore.liberty.http;

import com.ibm.wsspi.http.HttpInboundConnection;
import com.ibm.wsspi.http.HttpRequest;
import com.ibm.wsspi.http.HttpResponse;
import com.ibm.wsspi.http.WorkClassifier;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.UUID;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/**
 * Answers a request target that must not be dispatched with a problem (RFC 9457) of its own.
 *
 * <p>Liberty asks a {@link WorkClassifier} for the executor of each request before it looks for an
 * application. For a target that may be dispatched the answer is "the usual one"; for any other it
 * is an executor that refuses. Liberty decodes the target before choosing the application, and no
 * setting lets an application answer for a target that cannot be decoded.
 */
public final class RequestTargetGuard implements WorkClassifier {
  private static final int BAD_REQUEST = 400;

  @Override
  public @Nullable Executor classify(HttpRequest request, HttpInboundConnection connection) {
    if (RequestTarget.isDispatchable(request.getURI())) {
      return null;
    }
    return task -> refuse(request, connection);
  }

  private static void refuse(HttpRequest request, HttpInboundConnection connection) {
    Exception failure = null;
    try {
      byte[] problem = problem(request.getURI()).getBytes(StandardCharsets.UTF_8);
      HttpResponse response = connection.getResponse();
      response.setStatus(BAD_REQUEST);
      response.setReason("Bad Request");
      response.setHeader("Content-Type", "application/problem+json");
      response.setHeader("X-Content-Type-Options", "nosniff");
      // The body, if any, is not read.
      response.setHeader("Connection", "close");
      response.setContentLength(problem.length);
      if (!"HEAD".equals(request.getMethod())) {
        response.getBody().write(problem);
      }
      response.getBody().close();
    } catch (IOException e) {
      failure = e;
    }
    connection.finish(failure);
  }

  private static String problem(String target) {
    boolean key = target.startsWith("/v1/kv/") || target.startsWith("/v1/history/");
    return """
        {"type":"urn:kvstore:problem:%2$s","title":"%1$s","status":400,\
        "detail":"The request target is not a valid, normalised and properly escaped path.",\
        "code":"%2$s","requestId":"%3$s"}"""
        .formatted(
            key ? "The key is not valid" : "The request is not valid",
            key ? "KEY_INVALID" : "REQUEST_INVALID",
            UUID.randomUUID());
  }
}
