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
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.NullUnmarked;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.api.Problems.Origin;
import org.kvstore.server.model.Failures;
import org.kvstore.server.model.KeyValueException;

/** The one place where an exception becomes an answer. */
@Provider
@NullUnmarked // The container fills the fields.
public class ProblemMapper implements ExceptionMapper<Throwable> {
  private static final Logger LOG = System.getLogger(ProblemMapper.class.getName());

  @Context HttpServletRequest request;

  /**
   * Answers the failure of a stage with its problem. Left to Jakarta REST, each would be logged by
   * Liberty as an unhandled error.
   */
  static CompletionStage<Response> answer(
      HttpServletRequest request, CompletionStage<Response> stage) {
    Origin origin = Origin.of(request);
    return stage.exceptionally(thrown -> reply(thrown, origin).toResponse());
  }

  /** The problem that a failure is answered with; what nobody expects is logged. */
  static Reply reply(Throwable thrown, Origin origin) {
    Throwable cause = Failures.causeOf(thrown);
    if (cause instanceof KeyValueException known && known.code() != ErrorCode.INTERNAL) {
      return Problems.reply(known, origin);
    }
    if (cause instanceof IOException) {
      return Problems.reply(
          KeyValueException.of(
              ErrorCode.REQUEST_INVALID, "The body could not be read; its framing is broken."),
          origin);
    }
    Origin named = origin.named();
    LOG.log(Level.ERROR, "A request failed. requestId=" + named.requestId(), cause);
    return Problems.reply(
        cause instanceof KeyValueException known
            ? known
            : KeyValueException.of(
                ErrorCode.INTERNAL, "An unexpected error; the log has the details."),
        named);
  }

  @Override
  public Response toResponse(Throwable thrown) {
    return Failures.causeOf(thrown) instanceof WebApplicationException refused
        ? ofContainer(refused.getResponse())
        : reply(thrown, Origin.of(request)).toResponse();
  }

  private Response ofContainer(Response refused) {
    if (refused.getStatus() < 400) {
      return refused;
    }
    ErrorCode code = Problems.codeOf(refused.getStatus());
    Response problem =
        Problems.reply(KeyValueException.of(code, code.title() + "."), Origin.of(request))
            .toResponse();
    String allow = refused.getHeaderString(HttpHeaders.ALLOW);
    return allow == null
        ? problem
        : Response.fromResponse(problem).header(HttpHeaders.ALLOW, allow).build();
  }
}
