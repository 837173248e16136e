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
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.model.Limits;

/**
 * Receives a body that may come slowly, on no thread of its own, and has the request dispatched
 * again once it is there. However many clients send slowly, the threads are for the others.
 *
 * <p>All such bodies together take a bounded number of bytes, each until {@link Bodies} has read it
 * or its request is over, and each takes a bounded time. Its monitor guards the body, its part of
 * that number, and whether it has ended: a time-out comes on a thread of its own while another may
 * be reading.
 */
final class SlowBody implements ReadListener, AsyncListener {
  private static final Logger LOG = System.getLogger(SlowBody.class.getName());

  /**
   * A body may be there before the thread that began to receive it has left the container, and then
   * Liberty dispatches a request that is being taken apart: its query is gone, or it fails.
   */
  private static final Executor LATER =
      CompletableFuture.delayedExecutor(20, TimeUnit.MILLISECONDS);

  private static final int BUFFER_BYTES = 8 << 10;
  private static final AtomicLong RECEIVED = new AtomicLong();

  private final HttpServletRequest request;
  private final HttpServletResponse response;
  private final Exchange exchange;
  private final AsyncContext context;
  private final ServletInputStream in;
  private final int limit;
  private final long limitOfAll;
  private final Duration mostTime;
  private ByteArrayOutputStream body = new ByteArrayOutputStream();
  private int held;
  private boolean ended;

  private SlowBody(
      HttpServletRequest request, HttpServletResponse response, int limit, Limits limits)
      throws IOException {
    this.request = request;
    this.response = response;
    this.limit = limit;
    limitOfAll = limits.pendingBytes();
    mostTime = limits.bodyWait();
    exchange = Exchange.of(request);
    in = request.getInputStream();
    context = request.startAsync(request, response);
    context.setTimeout(mostTime.toMillis());
    context.addListener(this);
    exchange.goesOn();
  }

  /**
   * Begins to receive a body, and returns. {@link Bodies} finds it when the request comes again.
   *
   * @param limit one byte more is read, and then no more: it {@link #isCutOff}
   * @param limits bytes that all slow bodies may have at once are those of waiting writes
   */
  static void receive(
      HttpServletRequest request, HttpServletResponse response, int limit, Limits limits)
      throws IOException {
    SlowBody body = new SlowBody(request, response, limit, limits);
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

  /** Whether it is longer than it may be, so that it is not there whole. */
  synchronized boolean isCutOff() {
    return body.size() > limit;
  }

  /** The body that was received, which is from now on the caller's to hold. */
  synchronized byte[] take() {
    byte[] whole = body.toByteArray();
    body = new ByteArrayOutputStream(0);
    release();
    return whole;
  }

  /** Keeps bytes unless it has ended; returns how many all bodies have now. */
  private synchronized long keep(byte[] bytes, int count) {
    if (ended) {
      return RECEIVED.get();
    }
    body.write(bytes, 0, count);
    held += count;
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
      Bodies.received(request, this);
      LATER.execute(this::dispatchNow);
    }
  }

  private void dispatchNow() {
    try {
      context.dispatch();
    } catch (RuntimeException e) {
      LOG.log(Level.WARNING, "A request could not go on once its body was there.", e);
      release();
    }
  }

  private void refuse(KeyValueException why) {
    if (!end()) {
      return;
    }
    release();
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
    ended = true;
    return first;
  }

  private synchronized void release() {
    RECEIVED.addAndGet(-held);
    held = 0;
  }

  @Override
  public void onTimeout(AsyncEvent event) {
    refuse(Bodies.tooSlow(mostTime));
  }

  @Override
  public void onError(AsyncEvent event) {
    end();
    release();
  }

  @Override
  public void onComplete(AsyncEvent event) {
    end();
    release();
  }

  @Override
  public void onStartAsync(AsyncEvent event) {
    // The request has its thread again, which reads the body if it has not yet.
    release();
  }
}
