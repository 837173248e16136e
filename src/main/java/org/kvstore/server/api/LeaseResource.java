package org.kvstore.server.api;

import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.DELETE;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.PUT;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.container.AsyncResponse;
import jakarta.ws.rs.container.Suspended;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import java.io.IOException;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import org.kvstore.server.api.Problems.Origin;
import org.kvstore.server.service.KeyValueService;
import org.kvstore.server.service.LeaseService;

/** Leases: {@code /v1/leases}. */
@Path("/v1/leases")
@Singleton
@Produces(MediaType.APPLICATION_JSON)
public class LeaseResource {
  private static final Set<String> NONE = Set.of();
  private static final int MAX_BODY = 4 << 10;

  private final LeaseService service;
  private final KeyValueService keys;

  @Inject
  public LeaseResource(LeaseService service, KeyValueService keys) {
    this.service = service;
    this.keys = keys;
  }

  @POST
  @Consumes(MediaType.APPLICATION_JSON)
  public CompletionStage<Response> grant(@Context HttpServletRequest request) throws IOException {
    Query.of(request, NONE);
    String ttl = JsonBodies.required(request, MAX_BODY, "ttl");
    String at = request.getContextPath() + "/v1/leases/";
    return ProblemMapper.answer(
        request,
        service
            .grant(
                Exchange.access(request),
                OperationReader.duration("ttl", ttl),
                IdempotencyKey.of(request))
            .thenApply(
                lease ->
                    // Not as a URI: that is made absolute if the lease is there at once.
                    Response.status(Response.Status.CREATED)
                        .header(HttpHeaders.LOCATION, at + lease.id())
                        .entity(Documents.lease(lease, null))
                        .build()));
  }

  @GET
  @Path("{id}")
  public void get(
      @Context HttpServletRequest request,
      @PathParam("id") String id,
      @Suspended AsyncResponse response) {
    Query.of(request, NONE);
    OwnThread.send(
        keys,
        Origin.of(request),
        response,
        service
            .find(Exchange.access(request), LeaseIds.parse(id))
            .thenApply(found -> Reply.json(Documents.lease(found.lease(), found.keys()))));
  }

  @PUT
  @Path("{id}")
  public CompletionStage<Response> renew(
      @Context HttpServletRequest request, @PathParam("id") String id) {
    Query.of(request, NONE);
    return ProblemMapper.answer(
        request,
        service
            .renew(Exchange.access(request), LeaseIds.parse(id), IdempotencyKey.of(request))
            .thenApply(lease -> Response.ok(Documents.lease(lease, null)).build()));
  }

  @DELETE
  @Path("{id}")
  public CompletionStage<Response> revoke(
      @Context HttpServletRequest request, @PathParam("id") String id) {
    Query.of(request, NONE);
    return ProblemMapper.answer(
        request,
        service
            .revoke(Exchange.access(request), LeaseIds.parse(id), IdempotencyKey.of(request))
            .thenApply(revoked -> Response.noContent().build()));
  }
}
