package org.kvstore.server.api;

import jakarta.servlet.http.HttpServletRequest;
import jakarta.ws.rs.container.AsyncResponse;
import jakarta.ws.rs.core.Response;
import java.util.concurrent.Callable;
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

  /**
   * Answers with what a task returns or throws. A body that the answer writes is written there too.
   *
   * @throws org.kvstore.server.model.KeyValueException TOO_MANY_REQUESTS when all such threads are
   *     taken
   */
  static void answer(
      KeyValueService service,
      HttpServletRequest request,
      AsyncResponse response,
      Callable<Response> task) {
    Origin origin = Origin.of(request);
    service.runApart(
        () -> {
          Response answer;
          try {
            answer = task.call();
          } catch (Exception e) {
            answer = ProblemMapper.reply(e, origin).toResponse();
          }
          response.resume(answer);
        });
  }
}
