package org.kvstore.server.api;

import jakarta.servlet.ServletOutputStream;
import jakarta.servlet.WriteListener;
import jakarta.servlet.http.HttpServletResponse;
import jakarta.servlet.http.HttpServletResponseWrapper;
import java.io.IOException;
import org.jspecify.annotations.Nullable;
import org.kvstore.server.security.Allowance;

/**
 * An answer whose bytes are those of a caller who may not have any number of them. It never waits,
 * whoever writes it, and costs no more than {@link Allowance#most}. A stream that is paced it
 * leaves alone.
 */
final class MeteredResponse extends HttpServletResponseWrapper {
  private final Allowance allowance;
  private final Exchange exchange;
  private long counted;
  private @Nullable ServletOutputStream metered;

  MeteredResponse(HttpServletResponse response, Allowance allowance, Exchange exchange) {
    super(response);
    this.allowance = allowance;
    this.exchange = exchange;
  }

  /** The answer itself, for who counts its bytes in another way. */
  static HttpServletResponse unmetered(HttpServletResponse response) {
    return response instanceof MeteredResponse metered
        ? (HttpServletResponse) metered.getResponse()
        : response;
  }

  @Override
  public ServletOutputStream getOutputStream() throws IOException {
    if (metered == null) {
      metered = new Output(super.getOutputStream());
    }
    return metered;
  }

  private final class Output extends ServletOutputStream {
    private final ServletOutputStream out;

    Output(ServletOutputStream out) {
      this.out = out;
    }

    @Override
    public void write(int b) throws IOException {
      out.write(b);
      count(1);
    }

    @Override
    public void write(byte[] bytes, int from, int length) throws IOException {
      out.write(bytes, from, length);
      count(length);
    }

    private void count(int bytes) {
      if (exchange.isPaced()) {
        return;
      }
      long charged = Math.min(bytes, allowance.most() - counted);
      counted += charged;
      allowance.used(charged);
    }

    @Override
    public void flush() throws IOException {
      out.flush();
    }

    @Override
    public void close() throws IOException {
      out.close();
    }

    @Override
    public boolean isReady() {
      return out.isReady();
    }

    @Override
    public void setWriteListener(WriteListener listener) {
      out.setWriteListener(listener);
    }
  }
}
