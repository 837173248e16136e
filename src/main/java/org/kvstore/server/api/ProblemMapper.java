package org.kvstore.server.api;

import jakarta.servlet.http.HttpServletRequest;
import jakarta.ws.rs.WebApplicationException;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.ext.ExceptionMapper;
import jakarta.ws.rs.ext.Provider;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.NullUnmarked;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.KeyValueException;

/** The one place where an exception becomes an answer. */
@Provider
@NullUnmarked // The container fills the fields.
public class ProblemMapper implements ExceptionMapper<Throwable> {
  private static final Logger LOG = System.getLogger(ProblemMapper.class.getName());

  @Context HttpServletRequest request;

  @Override
  public Response toResponse(Throwable thrown) {
    Throwable cause = thrown;
    while (cause instanceof CompletionException && cause.getCause() != null) {
      cause = cause.getCause();
    }
    if (cause instanceof KeyValueException known) {
      log(known);
      return Problems.response(known, request);
    }
    if (cause instanceof WebApplicationException refused) {
      return ofContainer(refused.getResponse());
    }
    if (cause instanceof IOException) {
      return Problems.response(
          KeyValueException.of(
              ErrorCode.REQUEST_INVALID, "The body could not be read; its framing is broken."),
          request);
    }
    LOG.log(Level.ERROR, "A request failed. requestId=" + Problems.requestId(request), cause);
    return Problems.response(
        KeyValueException.of(ErrorCode.INTERNAL, "An unexpected error; the log has the details."),
        request);
  }

  private Response ofContainer(Response refused) {
    if (refused.getStatus() < 400) {
      return refused;
    }
    ErrorCode code = Problems.codeOf(refused.getStatus());
    Response problem = Problems.response(KeyValueException.of(code, code.title() + "."), request);
    String allow = refused.getHeaderString(HttpHeaders.ALLOW);
    return allow == null
        ? problem
        : Response.fromResponse(problem).header(HttpHeaders.ALLOW, allow).build();
  }

  private void log(KeyValueException error) {
    if (error.code() == ErrorCode.INTERNAL) {
      LOG.log(
          Level.ERROR,
          "A request failed. code=INTERNAL requestId=" + Problems.requestId(request),
          error);
    }
  }
}
