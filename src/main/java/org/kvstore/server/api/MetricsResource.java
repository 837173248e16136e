package org.kvstore.server.api;

import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import org.kvstore.server.ops.Metrics;

/** What a Prometheus scrapes: {@code /metrics}. */
@Path("/metrics")
@Singleton
public class MetricsResource {
  private final Metrics metrics;

  @Inject
  public MetricsResource(Metrics metrics) {
    this.metrics = metrics;
  }

  @GET
  @Produces(Metrics.MEDIA_TYPE)
  public String get() {
    return metrics.page();
  }
}
