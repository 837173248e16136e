package org.kvstore.server.ops;

import io.opentelemetry.api.OpenTelemetry;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanContext;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.context.Context;
import io.opentelemetry.context.propagation.TextMapGetter;
import io.opentelemetry.context.propagation.TextMapPropagator;
import jakarta.enterprise.inject.Vetoed;
import jakarta.enterprise.inject.spi.CDI;
import jakarta.servlet.http.HttpServletRequest;
import java.util.Collections;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Spans by OpenTelemetry, named and described as its semantic conventions for HTTP servers say. The
 * path has the key, as an access log has it; values and queries are never in a trace.
 */
@Vetoed // The runtime may not have the API.
final class OpenTelemetryTraces implements Traces {
  private static final Set<String> METHODS =
      Set.of("GET", "HEAD", "PUT", "POST", "DELETE", "PATCH", "OPTIONS");

  private final Tracer tracer;
  private final TextMapPropagator propagator;

  private OpenTelemetryTraces(Tracer tracer, TextMapPropagator propagator) {
    this.tracer = tracer;
    this.propagator = propagator;
  }

  static Traces create() {
    OpenTelemetry telemetry = CDI.current().select(OpenTelemetry.class).get();
    return new OpenTelemetryTraces(
        telemetry.getTracer("org.kvstore.server"),
        telemetry.getPropagators().getTextMapPropagator());
  }

  @Override
  public RequestSpan begin(HttpServletRequest request, String route) {
    String method = METHODS.contains(request.getMethod()) ? request.getMethod() : "_OTHER";
    Span span =
        tracer
            .spanBuilder(method + " " + route)
            .setParent(propagator.extract(Context.root(), request, Headers.GETTER))
            .setSpanKind(SpanKind.SERVER)
            .setAttribute("http.request.method", method)
            .setAttribute("http.route", route)
            .setAttribute("url.path", request.getRequestURI())
            .setAttribute("url.scheme", request.getScheme())
            .setAttribute("client.address", request.getRemoteAddr())
            .startSpan();
    return new ServerSpan(span);
  }

  @Vetoed
  private record ServerSpan(Span span) implements RequestSpan {
    @Override
    public String id() {
      SpanContext context = span.getSpanContext();
      String flags = context.getTraceFlags().asHex();
      return "00-%s-%s-%s".formatted(context.getTraceId(), context.getSpanId(), flags);
    }

    @Override
    public void end(int status) {
      span.setAttribute("http.response.status_code", status);
      if (status >= 500) {
        span.setAttribute("error.type", Integer.toString(status));
        span.setStatus(StatusCode.ERROR);
      }
      span.end();
    }
  }

  private enum Headers implements TextMapGetter<HttpServletRequest> {
    GETTER;

    @Override
    public Iterable<String> keys(HttpServletRequest request) {
      return Collections.list(request.getHeaderNames());
    }

    @Override
    public @Nullable String get(@Nullable HttpServletRequest request, String name) {
      return request == null ? null : request.getHeader(name);
    }
  }
}
