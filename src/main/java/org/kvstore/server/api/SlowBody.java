package org.kvstore.server.api;

import jakarta.servlet.AsyncContext;
import jakarta.servlet.AsyncEvent;
import jakarta.servlet.AsyncListener;
import jakarta.servlet.ReadListener;
import jakarta.servlet.ServletInputStream;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.concurrent.atomic.AtomicLong;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.KeyValueException;

/**
 * Receives a body that may come slowly, on no thread of its own, and has the request dispatched
 * again once it is there. However many clients send slowly, the threads are for the others.
 *
 * <p>All such bodies together take a bounded number of bytes, and each a bounded time. Its monitor
 * guards the body, its part of that number, and whether it has ended: a time-out comes on a thread
 * of its own while another may be reading.
 */
final class SlowBody implements ReadListener, AsyncListener {
  private static final Logger LOG = System.getLogger(SlowBody.class.getName());
  private static final long MOST_MILLIS = 300_000;
  private static final int BUFFER_BYTES = 8 << 10;
  private static final AtomicLong RECEIVED = new AtomicLong();

  private final HttpServletRequest request;
  private final HttpServletResponse response;
  private final Exchange exchange;
  private final AsyncContext context;
  private final ServletInputStream in;
  private final int limit;
  private final long limitOfAll;
  private final ByteArrayOutputStream body = new ByteArrayOutputStream();
  private boolean ended;

  private SlowBody(
      HttpServletRequest request, HttpServletResponse response, int limit, long limitOfAll)
      throws IOException {
    this.request = request;
    this.response = response;
    this.limit = limit;
    this.limitOfAll = limitOfAll;
    exchange = Exchange.of(request);
    in = request.getInputStream();
    context = request.startAsync(request, response);
    context.setTimeout(MOST_MILLIS);
    context.addListener(this);
    exchange.goesOn();
  }

  /**
   * Begins to receive a body, and returns. {@link Bodies} finds it when the request comes again.
   *
   * @param limit one byte more is read, and then no more: who reads it refuses it
   * @param limitOfAll bytes that all slow bodies may have at once
   */
  static void receive(
      HttpServletRequest request, HttpServletResponse response, int limit, long limitOfAll)
      throws IOException {
    SlowBody body = new SlowBody(request, response, limit, limitOfAll);
    body.in.setReadListener(body);
  }

  @Override
  public void onDataAvailable() throws IOException {
    byte[] buffer = new byte[BUFFER_BYTES];
    for (int room = room(); room > 0 && in.isReady() && !in.isFinished(); room = room()) {
      int count = in.read(buffer, 0, Math.min(room, buffer.length));
      if (count <= 0) {
        return;
      }
      if (keep(buffer, count) > limitOfAll) {
        refuse(
            KeyValueException.of(
                ErrorCode.UNAVAILABLE, "Too many bodies are being received slowly."));
      } else if (room() == 0) {
        dispatch();
      }
    }
  }

  /** How many bytes may still be read; none once it has ended. */
  private synchronized int room() {
    return ended ? 0 : limit + 1 - body.size();
  }

  /** Keeps bytes unless it has ended; returns how many all bodies have now. */
  private synchronized long keep(byte[] bytes, int count) {
    if (ended) {
      return RECEIVED.get();
    }
    body.write(bytes, 0, count);
    return RECEIVED.addAndGet(count);
  }

  @Override
  public void onAllDataRead() {
    dispatch();
  }

  @Override
  public void onError(Throwable failure) {
    LOG.log(Level.DEBUG, "A body broke off.", failure);
    refuse(KeyValueException.of(ErrorCode.REQUEST_INVALID, "The body broke off, or stood still."));
  }

  private void dispatch() {
    if (end()) {
      Bodies.received(request, body.toByteArray());
      context.dispatch();
    }
  }

  private void refuse(KeyValueException why) {
    if (!end()) {
      return;
    }
    try {
      // What is left of the body is not read.
      response.setHeader("Connection", "close");
      ProblemServlet.write(why, request, response);
    } catch (IOException e) {
      LOG.log(Level.DEBUG, "The client has gone.", e);
    } finally {
      exchange.answered(response.getStatus());
      context.complete();
    }
  }

  private synchronized boolean end() {
    boolean first = !ended;
    if (first) {
      ended = true;
      RECEIVED.addAndGet(-body.size());
    }
    return first;
  }

  @Override
  public void onTimeout(AsyncEvent event) {
    refuse(
        KeyValueException.of(
            ErrorCode.REQUEST_INVALID,
            "The body did not arrive within %d s.".formatted(MOST_MILLIS / 1_000)));
  }

  @Override
  public void onError(AsyncEvent event) {
    end();
  }

  @Override
  public void onComplete(AsyncEvent event) {
    end();
  }

  @Override
  public void onStartAsync(AsyncEvent event) {
    // The request was dispatched, and its answer comes later.
  }
}
