package org.kvstore.server.api;

import jakarta.servlet.ServletOutputStream;
import jakarta.servlet.WriteListener;
import jakarta.servlet.http.HttpServletResponse;
import jakarta.servlet.http.HttpServletResponseWrapper;
import java.io.IOException;
import org.jspecify.annotations.Nullable;
import org.kvstore.server.security.Allowance;

/** An answer whose bytes are those of a caller who may not have any number of them. */
final class MeteredResponse extends HttpServletResponseWrapper {
  private final Allowance allowance;
  private final boolean isPaced;
  private @Nullable ServletOutputStream metered;

  /**
   * @param isPaced whether it is written on a thread that may wait, and may be long
   */
  MeteredResponse(HttpServletResponse response, Allowance allowance, boolean isPaced) {
    super(response);
    this.allowance = allowance;
    this.isPaced = isPaced;
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

    private void count(int bytes) throws IOException {
      if (isPaced) {
        allowance.pace(bytes);
      } else {
        allowance.used(bytes);
      }
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
