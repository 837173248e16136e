package org.kvstore.server.api;

import jakarta.servlet.RequestDispatcher;
import jakarta.servlet.annotation.WebServlet;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import org.jspecify.annotations.Nullable;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.api.Problems.Origin;
import org.kvstore.server.model.KeyValueException;

/**
 * Answers the errors that the container itself finds: {@code web.xml} makes it their error page.
 */
@WebServlet(urlPatterns = ProblemServlet.PATH, asyncSupported = true)
public class ProblemServlet extends HttpServlet {
  static final String PATH = "/internal/problem";
  private static final long serialVersionUID = 1L;

  @Override
  protected void service(HttpServletRequest request, HttpServletResponse response)
      throws IOException {
    write(errorOf(request), request, response);
  }

  /** The container would answer TRACE with a page of its own before any filter, without this. */
  @Override
  protected void doTrace(HttpServletRequest request, HttpServletResponse response)
      throws IOException {
    service(request, response);
  }

  /** Answers with a problem, outside Jakarta REST, if there is no answer under way. */
  static void write(Throwable error, HttpServletRequest request, HttpServletResponse response)
      throws IOException {
    if (response.isCommitted()) {
      return; // Too late to say anything: the client has gone, or sees a torn answer.
    }
    ProblemMapper.reply(error, Origin.of(request))
        .send(response, request.getMethod().equals("HEAD"));
  }

  private static KeyValueException errorOf(HttpServletRequest request) {
    @Nullable Object status = request.getAttribute(RequestDispatcher.ERROR_STATUS_CODE);
    if (!(status instanceof Integer)) {
      return KeyValueException.of(ErrorCode.NOT_FOUND, "There is nothing at this path.");
    }
    Object thrown = request.getAttribute(RequestDispatcher.ERROR_EXCEPTION);
    if (thrown instanceof KeyValueException known) {
      return known;
    }
    ErrorCode code = Problems.codeOf((Integer) status);
    return KeyValueException.of(code, code.title() + ".");
  }
}
