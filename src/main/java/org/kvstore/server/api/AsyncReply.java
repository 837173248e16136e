package org.kvstore.server.api;

import jakarta.servlet.AsyncContext;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.concurrent.CompletionStage;
import org.kvstore.server.api.Problems.Origin;

/** Sends an answer when it is there, on whatever thread it comes; until then it occupies none. */
final class AsyncReply {
  private static final Logger LOG = System.getLogger(AsyncReply.class.getName());

  private AsyncReply() {}

  /** Sends the reply of a stage, or the problem that it fails with. */
  static void send(
      CompletionStage<Reply> stage, HttpServletRequest request, HttpServletResponse response) {
    boolean head = request.getMethod().equals("HEAD");
    Exchange exchange = Exchange.of(request);
    AsyncContext context = request.startAsync(request, response);
    // The service bounds every wait; the container need not.
    context.setTimeout(0);
    exchange.goesOn();
    stage.whenComplete(
        (reply, failure) -> {
          try {
            (failure == null ? reply : ProblemMapper.reply(failure, Origin.of(request)))
                .send(response, head);
          } catch (IOException e) {
            LOG.log(Level.DEBUG, "The client has gone.", e);
          } finally {
            exchange.answered(response.getStatus());
            context.complete();
          }
        });
  }
}
