package org.kvstore.liberty.http;

import com.ibm.wsspi.http.HttpInboundConnection;
import com.ibm.wsspi.http.HttpRequest;
import com.ibm.wsspi.http.HttpResponse;
import com.ibm.wsspi.http.WorkClassifier;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.Map;
import java.util.concurrent.Executor;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.kvstore.liberty.http.Refusal.Code;

/**
 * Answers a request that must not be dispatched with a problem (RFC 9457) of its own: one whose
 * target Liberty cannot decode, and one that Liberty's own applications would refuse in a form of
 * theirs. It redirects what came in clear, if that is wanted, without reading its body.
 *
 * <p>Liberty asks a {@link WorkClassifier} for the executor of each request before it looks for an
 * application. For a request that may be dispatched the answer is "the usual one"; for any other it
 * is an executor that refuses. Liberty decodes the target before choosing the application, and no
 * setting lets an application answer for a target that cannot be decoded.
 */
public final class RequestTargetGuard implements WorkClassifier {
  private static final String REQUEST_ID = "X-Request-Id";
  private static final Pattern SOUND_ID = Pattern.compile("[A-Za-z0-9._-]{1,64}");
  private static final int ID_BYTES = 8;
  private static final SecureRandom RANDOM = new SecureRandom();
  private static final int PERMANENT_REDIRECT = 308;

  private volatile SecureTransport transport = SecureTransport.UNCONFIGURED;

  /** Takes what the configuration says of this extension; Liberty calls it. */
  public void updateBell(Map<String, String> properties) {
    transport = SecureTransport.of(properties);
  }

  @Override
  public @Nullable Executor classify(HttpRequest request, HttpInboundConnection connection) {
    SecureTransport rules = transport;
    HttpResponse response = connection.getResponse();
    boolean secure = connection.getSSLContext() != null;
    if (secure) {
      rules.protect(response);
    }
    boolean redirected = !secure && rules.redirects(request.getURI());
    Refusal refusal = refusal(request, redirected);
    if (refusal != null) {
      return answer(connection, () -> write(refusal, request, response));
    }
    return redirected
        ? answer(connection, () -> redirect(rules.location(request), response))
        : null;
  }

  private static @Nullable Refusal refusal(HttpRequest request, boolean redirected) {
    String path = request.getURI();
    if (!RequestTarget.isDispatchable(path)) {
      boolean key = path.startsWith("/v1/kv/") || path.startsWith("/v1/history/");
      return Refusal.of(
          key ? Code.KEY_INVALID : Code.REQUEST_INVALID,
          "The request target is not a valid, normalised and properly escaped path.");
    }
    if (redirected) {
      return SecureTransport.refusal(request);
    }
    return PlatformPaths.contain(path)
        ? PlatformPaths.refusal(request.getMethod(), path, request.getQuery())
        : null;
  }

  /** Writes an answer to its end. */
  private interface Writing {
    void run() throws IOException;
  }

  private static Executor answer(HttpInboundConnection connection, Writing writing) {
    return task -> {
      Exception failure = null;
      try {
        writing.run();
      } catch (IOException | RuntimeException e) {
        failure = e;
      }
      connection.finish(failure);
    };
  }

  private static void redirect(String location, HttpResponse response) throws IOException {
    response.setStatus(PERMANENT_REDIRECT);
    response.setReason("Permanent Redirect");
    response.setHeader("Location", location);
    response.setHeader("Cache-Control", "no-cache");
    // The body, if any, is not read.
    response.setHeader("Connection", "close");
    response.setContentLength(0);
    response.getBody().close();
  }

  private static void write(Refusal refusal, HttpRequest request, HttpResponse response)
      throws IOException {
    String id = requestId(request);
    byte[] problem = refusal.problem(request.getURI(), id).getBytes(StandardCharsets.UTF_8);
    response.setStatus(refusal.code().status());
    response.setHeader("Content-Type", "application/problem+json");
    response.setHeader(REQUEST_ID, id);
    response.setHeader("Cache-Control", "no-cache");
    response.setHeader("X-Content-Type-Options", "nosniff");
    response.setHeader("Content-Security-Policy", "sandbox");
    if (refusal.allow() != null) {
      response.setHeader("Allow", refusal.allow());
    }
    // The body, if any, is not read.
    response.setHeader("Connection", "close");
    response.setContentLength(problem.length);
    if (!"HEAD".equals(request.getMethod())) {
      response.getBody().write(problem);
    }
    response.getBody().close();
  }

  /** The client's own id if it sent a sound one, as the application has it. */
  private static String requestId(HttpRequest request) {
    String sent = request.getHeader(REQUEST_ID);
    if (sent != null && SOUND_ID.matcher(sent).matches()) {
      return sent;
    }
    byte[] random = new byte[ID_BYTES];
    RANDOM.nextBytes(random);
    return HexFormat.of().formatHex(random);
  }
}
