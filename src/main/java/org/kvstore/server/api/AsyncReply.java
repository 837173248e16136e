package org.kvstore.server.api;

import jakarta.servlet.AsyncContext;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.kvstore.server.api.Problems.Origin;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.service.KeyValueService;

/** Sends an answer when it is there, on whatever thread it comes; until then it occupies none. */
final class AsyncReply {
  private static final Logger LOG = System.getLogger(AsyncReply.class.getName());

  private final KeyValueService service;
  private final HttpServletRequest request;
  private final HttpServletResponse response;
  private final AsyncContext context;

  private AsyncReply(
      KeyValueService service, HttpServletRequest request, HttpServletResponse response) {
    this.service = service;
    this.request = request;
    this.response = response;
    context = request.startAsync(request, response);
    // The service bounds every wait; the container need not.
    context.setTimeout(0);
    Exchange.of(request).goesOn();
  }

  /** Sends the reply of a stage, or the problem that it fails with: at once if it is there. */
  static void send(
      CompletionStage<Reply> stage,
      KeyValueService service,
      HttpServletRequest request,
      HttpServletResponse response)
      throws IOException {
    CompletableFuture<Reply> answer =
        stage
            .exceptionally(failure -> ProblemMapper.reply(failure, Origin.of(request)))
            .toCompletableFuture();
    if (answer.isDone()) {
      send(answer.join(), service, request, response);
    } else {
      answer.thenAccept(new AsyncReply(service, request, response)::end);
    }
  }

  /** Sends a reply that is there: at once, unless its reader may keep a thread waiting. */
  static void send(
      Reply reply,
      KeyValueService service,
      HttpServletRequest request,
      HttpServletResponse response)
      throws IOException {
    boolean head = isHead(request);
    if (reply.isLarge() && !head) {
      new AsyncReply(service, request, response).end(reply);
    } else {
      reply.send(response, head);
    }
  }

  private void end(Reply reply) {
    if (isHead(request)) {
      write(reply);
      return;
    }
    try {
      OwnThread.send(service, reply, () -> write(reply));
    } catch (KeyValueException full) {
      boolean read = request.getMethod().equals("GET");
      write(Problems.reply(read ? full : OwnThread.untold(full), Origin.of(request)));
    }
  }

  private void write(Reply reply) {
    try {
      reply.send(response, isHead(request));
    } catch (IOException e) {
      LOG.log(Level.DEBUG, "The client has gone.", e);
    } finally {
      Exchange.of(request).answered(response.getStatus());
      context.complete();
    }
  }

  private static boolean isHead(HttpServletRequest request) {
    return request.getMethod().equals("HEAD");
  }
}
