package org.kvstore.server.api;

import jakarta.servlet.AsyncContext;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.concurrent.CompletionStage;
import org.kvstore.server.api.Problems.Origin;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.service.KeyValueService;

/** Sends an answer when it is there, on whatever thread it comes; until then it occupies none. */
final class AsyncReply {
  private static final Logger LOG = System.getLogger(AsyncReply.class.getName());

  private AsyncReply() {}

  /** Sends the reply of a stage, or the problem that it fails with. */
  static void send(
      CompletionStage<Reply> stage, HttpServletRequest request, HttpServletResponse response) {
    AsyncContext context = begin(request, response);
    stage.whenComplete(
        (reply, failure) ->
            end(
                failure == null ? reply : ProblemMapper.reply(failure, Origin.of(request)),
                context,
                request,
                response));
  }

  /** Sends a reply that takes as long as its reader likes. */
  static void sendApart(
      Reply reply,
      KeyValueService service,
      HttpServletRequest request,
      HttpServletResponse response) {
    AsyncContext context = begin(request, response);
    try {
      service.runApart(() -> end(reply, context, request, response));
    } catch (KeyValueException full) {
      end(Problems.reply(full, Origin.of(request)), context, request, response);
    }
  }

  private static AsyncContext begin(HttpServletRequest request, HttpServletResponse response) {
    AsyncContext context = request.startAsync(request, response);
    // The service bounds every wait; the container need not.
    context.setTimeout(0);
    Exchange.of(request).goesOn();
    return context;
  }

  private static void end(
      Reply reply, AsyncContext context, HttpServletRequest request, HttpServletResponse response) {
    try {
      reply.send(response, request.getMethod().equals("HEAD"));
    } catch (IOException e) {
      LOG.log(Level.DEBUG, "The client has gone.", e);
    } finally {
      Exchange.of(request).answered(response.getStatus());
      context.complete();
    }
  }
}
