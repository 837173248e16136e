package org.kvstore.server.api;

import jakarta.servlet.http.HttpServletRequest;
import jakarta.ws.rs.container.AsyncResponse;
import org.kvstore.server.api.Problems.Origin;
import org.kvstore.server.service.KeyValueService;

/**
 * Where a request is answered that takes as long as its client likes: on a thread that is not of
 * the container's pool. That has a few threads for all short requests, and is fastest with few; a
 * client that stops in the middle of a batch or a large answer would keep one of them.
 */
final class OwnThread {
  /** What is longer may not fit into the buffers of a socket whose reader has stopped. */
  static final int LARGE_BYTES = 64 << 10;

  private OwnThread() {}

  /** Resumes the response, whose body is written before that returns, or throws. */
  interface Task {
    void run() throws Exception;
  }

  /**
   * Has a task answer. What it opens it can close after it has resumed the response. What it throws
   * before is answered with its problem.
   *
   * @throws org.kvstore.server.model.KeyValueException TOO_MANY_REQUESTS when all such threads are
   *     taken
   */
  static void run(
      KeyValueService service, HttpServletRequest request, AsyncResponse response, Task task) {
    Origin origin = Origin.of(request);
    service.runApart(
        () -> {
          try {
            task.run();
          } catch (Exception e) {
            response.resume(ProblemMapper.reply(e, origin).toResponse());
          }
        });
  }

  /** Has an answer written that is there already. */
  static void send(
      KeyValueService service, HttpServletRequest request, AsyncResponse response, Object answer) {
    run(service, request, response, () -> response.resume(answer));
  }
}
