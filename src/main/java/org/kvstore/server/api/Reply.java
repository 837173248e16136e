package org.kvstore.server.api;

import jakarta.servlet.http.HttpServletResponse;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.core.StreamingOutput;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
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

  /** What is longer may not fit into the buffers of a socket whose reader has stopped. */
  private static final int LARGE_BYTES = 64 << 10;

  /** Begins an answer without a body. */
  static Builder status(int status) {
    return new Builder(status);
  }

  /** A document of the contract as an answer. */
  static Reply json(Object document) {
    return status(200).build(Documents.json(document), MediaType.APPLICATION_JSON);
  }

  /** The same with a header more; as it is when there is no value. */
  Reply with(String name, Optional<Long> value) {
    if (value.isEmpty()) {
      return this;
    }
    List<Header> all = new ArrayList<>(headers);
    all.add(new Header(name, Long.toString(value.get())));
    return new Reply(status, all, body);
  }

  /** Whether a thread may have to wait for the reader of its body. */
  boolean isLarge() {
    return size() > LARGE_BYTES;
  }

  /** Bytes of its body. */
  int size() {
    return body == null ? 0 : body.size();
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
    if (body == null) {
      return response.build();
    }
    if (!isLarge()) {
      return response.entity(body.toArray()).build();
    }
    // A large one is on the heap only once.
    StreamingOutput content = body::writeTo;
    return response.entity(content).header(HttpHeaders.CONTENT_LENGTH, body.size()).build();
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
