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
import org.kvstore.api.StatusDocument;
import org.kvstore.server.service.StatusService;

/** The state of the service: {@code /v1/status}. */
@Path("/v1/status")
@Singleton
public class StatusResource {
  private final StatusService service;

  @Inject
  public StatusResource(StatusService service) {
    this.service = service;
  }

  @GET
  @Produces(MediaType.APPLICATION_JSON)
  public StatusDocument get(@Context HttpServletRequest request) {
    Query.of(request, Set.of());
    return service.status();
  }
}
