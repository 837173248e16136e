package org.kvstore.server.api;

import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.MediaType;
import java.util.Set;
import org.kvstore.api.ClusterDocument;
import org.kvstore.server.service.ClusterService;

/** The nodes and who has what: {@code /v1/cluster}. */
@Path("/v1/cluster")
@Singleton
public class ClusterResource {
  private final ClusterService service;

  @Inject
  public ClusterResource(ClusterService service) {
    this.service = service;
  }

  @GET
  @Produces(MediaType.APPLICATION_JSON)
  public ClusterDocument get(@Context HttpServletRequest request) {
    Query.of(request, Set.of());
    return service.describe();
  }
}
