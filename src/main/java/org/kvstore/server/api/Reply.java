package org.kvstore.server.api;

import jakarta.servlet.http.HttpServletResponse;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.Response;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.kvstore.server.model.Bytes;

/**
 * An answer that is ready to be sent, by a servlet or by Jakarta REST.
 *
 * @param status HTTP status
 * @param headers in the order of their sending
 * @param body what is sent, as it is; null for no body
 */
record Reply(int status, List<Header> headers, @Nullable Bytes body) {

  /** A header as it is sent. */
  record Header(String name, String value) {}

  /** Begins an answer without a body. */
  static Builder status(int status) {
    return new Builder(status);
  }

  /** Sends it; to a HEAD only what describes the body. */
  void send(HttpServletResponse response, boolean head) throws IOException {
    response.setStatus(status);
    for (Header header : headers) {
      response.setHeader(header.name(), header.value());
    }
    if (body != null) {
      response.setContentLength(body.size());
      if (!head) {
        body.writeTo(response.getOutputStream());
      }
    }
  }

  /** The same answer for Jakarta REST. */
  Response toResponse() {
    Response.ResponseBuilder response = Response.status(status);
    headers.forEach(header -> response.header(header.name(), header.value()));
    return body == null ? response.build() : response.entity(body.toArray()).build();
  }

  /** Gathers an answer. */
  static final class Builder {
    private final int status;
    private final List<Header> headers = new ArrayList<>(12);

    private Builder(int status) {
      this.status = status;
    }

    Builder header(String name, String value) {
      headers.add(new Header(name, value));
      return this;
    }

    Builder header(String name, long value) {
      return header(name, Long.toString(value));
    }

    Reply build() {
      return new Reply(status, headers, null);
    }

    /** With a body of a media type, which goes out character by character. */
    Reply build(Bytes body, String contentType) {
      header(HttpHeaders.CONTENT_TYPE, contentType);
      return new Reply(status, headers, body);
    }
  }
}
