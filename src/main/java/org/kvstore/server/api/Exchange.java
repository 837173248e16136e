package org.kvstore.server.api;

import jakarta.servlet.AsyncContext;
import jakarta.servlet.AsyncEvent;
import jakarta.servlet.AsyncListener;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.kvstore.server.model.Access;
import org.kvstore.server.model.Limits;
import org.kvstore.server.ops.RequestKind;
import org.kvstore.server.ops.RequestMetrics;
import org.kvstore.server.ops.RequestSpan;
import org.kvstore.server.security.Allowance;

/**
 * One request from its arrival to its answer, as metrics and traces see it. It ends once: when the
 * gate's call returns, unless somebody has said before that it {@link #goesOn}, who then says when
 * it is {@link #answered}.
 */
final class Exchange {
  private static final String ATTRIBUTE = "org.kvstore.exchange";

  private final RequestMetrics metrics;
  private final String path;
  private final @Nullable String query;
  private final @Nullable RequestSpan span;
  private final long began = System.nanoTime();
  private RequestKind kind;
  private @Nullable Access access;
  private @Nullable String requestId;
  private @Nullable Allowance allowance;
  private boolean isPaced;
  private boolean goesOn;

  /** The request's thread has a place among those that wait for bodies, and waits so long. */
  private @Nullable Duration bodyWait;

  private Exchange(
      RequestMetrics metrics,
      HttpServletRequest request,
      RequestKind kind,
      @Nullable RequestSpan span) {
    this.metrics = metrics;
    // Taken at once: after an asynchronous dispatch the container may not know the query any more.
    path = request.getRequestURI();
    query = request.getQueryString();
    this.kind = kind;
    this.span = span;
  }

  /** Begins that of a request, which then knows it. */
  static Exchange begin(
      HttpServletRequest request,
      RequestMetrics metrics,
      RequestKind kind,
      @Nullable RequestSpan span) {
    Exchange exchange = new Exchange(metrics, request, kind, span);
    request.setAttribute(ATTRIBUTE, exchange);
    return exchange;
  }

  /** That of a request which came through the gate. */
  static Exchange of(HttpServletRequest request) {
    return Objects.requireNonNull(find(request), "The request did not come through the gate.");
  }

  /** That of a request, or null when the container refused it before the gate. */
  static @Nullable Exchange find(HttpServletRequest request) {
    return (Exchange) request.getAttribute(ATTRIBUTE);
  }

  /** The path as the client sent it. */
  String path() {
    return path;
  }

  /** The query as the client sent it, or null. */
  @Nullable String query() {
    return query;
  }

  /** What is asked for. */
  RequestKind kind() {
    return kind;
  }

  /** What the sender of a request may do, once that is known. */
  static Access access(HttpServletRequest request) {
    return Objects.requireNonNull(of(request).access, "The sender is not known yet.");
  }

  /** What names the request, if that is decided already. */
  @Nullable String requestId() {
    return requestId;
  }

  /** It is named so. */
  void isNamed(String id) {
    requestId = id;
  }

  /** Its sender is known now. */
  void isOf(Access sender) {
    access = sender;
  }

  /** Its bytes are its sender's, who may not have any number of them. */
  void isPaidFrom(@Nullable Allowance of) {
    allowance = of;
  }

  /** What its bytes are taken from; null when they are not counted. */
  @Nullable Allowance allowance() {
    return allowance;
  }

  /** What its stream takes its bytes from by itself from now on, as it can wait for them. */
  Allowance paced() {
    isPaced = true;
    return Objects.requireNonNullElse(allowance, Allowance.NONE);
  }

  /** Whether its answer takes its bytes from the allowance by itself. */
  boolean isPaced() {
    return isPaced;
  }

  /**
   * Its thread may wait for its body. To be said on that thread, as what follows.
   *
   * @param most how long; null when it does not wait any more
   */
  void waitsForBody(@Nullable Duration most) {
    bodyWait = most;
  }

  /** Whether its thread has a place among those that wait for bodies. */
  boolean waitsForBody() {
    return bodyWait != null;
  }

  /** How long its thread waits for its body. */
  Duration bodyWait() {
    return Objects.requireNonNullElse(bodyWait, Limits.DEFAULT.bodyWait());
  }

  /** It is a read that waits, as only its headers say. */
  void waits() {
    kind = RequestKind.WAIT;
  }

  /** It is not over when the call returns. To be said on the request's thread. */
  void goesOn() {
    goesOn = true;
  }

  /** What it waited for is there: it is over when this call returns, unless it goes on again. */
  void comesAgain() {
    goesOn = false;
  }

  /** It goes on until its asynchronous context is complete. */
  AsyncContext goesOn(AsyncContext context, HttpServletResponse response) {
    goesOn();
    context.addListener(new Ending(response));
    return context;
  }

  /** The call has returned. */
  void returned(HttpServletResponse response) {
    if (!goesOn) {
      answered(response.getStatus());
    }
  }

  /** It is over. */
  void answered(int status) {
    metrics.record(kind, status, System.nanoTime() - began);
    if (span != null) {
      span.end(status);
    }
  }

  /** After a time-out or an error the context is completed too. */
  private final class Ending implements AsyncListener {
    private final HttpServletResponse response;

    Ending(HttpServletResponse response) {
      this.response = response;
    }

    @Override
    public void onComplete(AsyncEvent event) {
      answered(response.getStatus());
    }

    @Override
    public void onTimeout(AsyncEvent event) {}

    @Override
    public void onError(AsyncEvent event) {}

    @Override
    public void onStartAsync(AsyncEvent event) {}
  }
}
