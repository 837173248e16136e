package org.kvstore.server.api;

import jakarta.servlet.http.HttpServletRequest;
import jakarta.ws.rs.container.AsyncResponse;
import java.util.concurrent.CompletionStage;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.api.Problems.Origin;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.service.Apart;
import org.kvstore.server.service.KeyValueService;

/**
 * Where a request is answered that takes as long as its client likes: on a thread that is not of
 * the container's pool. That has a few threads for all short requests, and is fastest with few; a
 * client that stops in the middle of a batch or a large answer would keep one of them.
 */
final class OwnThread {
  private OwnThread() {}

  /** Resumes the response, whose body is written before that returns, or throws. */
  interface Task {
    void run() throws Exception;
  }

  /**
   * Has a batch or an export answered by a task. What it opens it can close after it has resumed
   * the response. What it throws before is answered with its problem.
   *
   * @throws KeyValueException TOO_MANY_REQUESTS when all such threads are taken
   */
  static void run(
      KeyValueService service, HttpServletRequest request, AsyncResponse response, Task task) {
    service.runApart(Apart.Kind.STREAM, 0, answering(request, response, task));
  }

  /** The same for what an operator asks for. */
  static void runAdmin(
      KeyValueService service, HttpServletRequest request, AsyncResponse response, Task task) {
    service.runApart(Apart.Kind.ADMIN, 0, answering(request, response, task));
  }

  /** The same for a change of the cluster, which waits for other nodes. */
  static void runCluster(
      KeyValueService service, HttpServletRequest request, AsyncResponse response, Task task) {
    service.runApart(Apart.Kind.CLUSTER, 0, answering(request, response, task));
  }

  private static Runnable answering(HttpServletRequest request, AsyncResponse response, Task task) {
    Origin origin = Origin.of(request);
    return () -> {
      try {
        task.run();
      } catch (Exception e) {
        response.resume(ProblemMapper.reply(e, origin).toResponse());
      } catch (Error e) {
        response.resume(ProblemMapper.reply(e, origin).toResponse());
        throw e;
      }
    };
  }

  /**
   * Has the reply of a read sent.
   *
   * @throws KeyValueException TOO_MANY_REQUESTS when it is large, and so many large ones wait for
   *     their readers that there is no place for it
   */
  static void send(KeyValueService service, AsyncResponse response, Reply reply) {
    send(service, reply, () -> response.resume(reply.toResponse()));
  }

  /**
   * The same for the reply of a read once it is there, or the problem that the stage fails with.
   */
  static void send(
      KeyValueService service,
      Origin origin,
      AsyncResponse response,
      CompletionStage<Reply> stage) {
    stage
        .thenAccept(reply -> send(service, response, reply))
        .exceptionally(
            failure -> {
              response.resume(ProblemMapper.reply(failure, origin).toResponse());
              return null;
            });
  }

  /** The same for the reply of a write, which is done: without a place its outcome is not known. */
  static void sendDone(
      KeyValueService service, Origin origin, AsyncResponse response, Reply reply) {
    try {
      send(service, response, reply);
    } catch (KeyValueException full) {
      response.resume(Problems.reply(untold(full), origin).toResponse());
    }
  }

  /** Whoever gets a 429 may take it that nothing was done. */
  static KeyValueException untold(KeyValueException full) {
    return KeyValueException.of(
            ErrorCode.INDETERMINATE,
            "It is done, but its large answer finds no place among those that wait to be read.")
        .withCause(full);
  }

  /**
   * The one place that decides who writes a reply: this thread, when the buffers of a socket take
   * it; else one that may wait for its reader.
   */
  static void send(KeyValueService service, Reply reply, Runnable write) {
    if (reply.isLarge()) {
      service.runApart(Apart.Kind.ANSWER, reply.size(), write);
    } else {
      write.run();
    }
  }
}
