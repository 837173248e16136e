package org.kvstore.server.api;

import jakarta.servlet.AsyncContext;
import jakarta.servlet.ServletRequest;
import jakarta.servlet.ServletResponse;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletRequestWrapper;
import jakarta.servlet.http.HttpServletResponse;
import org.jspecify.annotations.Nullable;

/** A request as Jakarta REST sees it: with a path that it does not bend, and without a query. */
final class FixedPath extends HttpServletRequestWrapper {
  private final HttpServletResponse response;
  private final String path;

  FixedPath(HttpServletRequest request, HttpServletResponse response, String path) {
    super(request);
    this.response = response;
    this.path = path;
  }

  @Override
  public AsyncContext startAsync() {
    return Exchange.of(this).goesOn(super.startAsync(), response);
  }

  @Override
  public AsyncContext startAsync(ServletRequest wrapped, ServletResponse wrappedResponse) {
    return Exchange.of(this).goesOn(super.startAsync(wrapped, wrappedResponse), response);
  }

  @Override
  public String getRequestURI() {
    return getContextPath() + path;
  }

  @Override
  public StringBuffer getRequestURL() {
    return new StringBuffer("http://localhost").append(getRequestURI());
  }

  @Override
  public String getPathInfo() {
    return path;
  }

  /** Resources read it as it was sent; Jakarta REST would fail on one that is no part of a URI. */
  @Override
  public @Nullable String getQueryString() {
    return null;
  }
}
