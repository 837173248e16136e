package org.kvstore.server.api;

import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import jakarta.json.JsonObject;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.DELETE;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import java.io.IOException;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import org.kvstore.api.PermissionDocument;
import org.kvstore.api.PermissionsDocument;
import org.kvstore.server.security.GrantService;

/** Permissions on prefixes of keys: {@code /v1/admin/grants}. */
@Path("/v1/admin/grants")
@Singleton
@Produces(MediaType.APPLICATION_JSON)
public class GrantResource {
  private static final Set<String> NONE = Set.of();
  private static final Set<String> PROPERTIES =
      Set.of("subject", "group", "token", "prefix", "permission");
  private static final int MAX_BODY = 64 << 10;

  private final GrantService service;

  @Inject
  public GrantResource(GrantService service) {
    this.service = service;
  }

  @POST
  @Consumes(MediaType.APPLICATION_JSON)
  public CompletionStage<Response> give(@Context HttpServletRequest request) throws IOException {
    Query.of(request, NONE);
    JsonObject body = JsonObjects.read(request, MAX_BODY, PROPERTIES);
    PermissionDocument wanted =
        new PermissionDocument(
            null,
            JsonObjects.text(body, "subject"),
            JsonObjects.text(body, "group"),
            JsonObjects.text(body, "token"),
            Listing.bound("prefix", JsonObjects.required(body, "prefix")).toUtf8(),
            JsonObjects.required(body, "permission"));
    String at = request.getContextPath() + "/v1/admin/grants/";
    return ProblemMapper.answer(
        request,
        service
            .give(Exchange.access(request), wanted)
            .thenApply(
                given ->
                    Response.status(given.created() ? 201 : 200)
                        .header(HttpHeaders.LOCATION, at + given.grant().id())
                        .entity(given.grant())
                        .build()));
  }

  @GET
  public PermissionsDocument list(@Context HttpServletRequest request) {
    Query.of(request, NONE);
    return new PermissionsDocument(service.list(Exchange.access(request)));
  }

  @GET
  @Path("{id}")
  public PermissionDocument get(@Context HttpServletRequest request, @PathParam("id") String id) {
    Query.of(request, NONE);
    return service.find(Exchange.access(request), id);
  }

  @DELETE
  @Path("{id}")
  public CompletionStage<Response> take(
      @Context HttpServletRequest request, @PathParam("id") String id) {
    Query.of(request, NONE);
    return ProblemMapper.answer(
        request,
        service
            .take(Exchange.access(request), id)
            .thenApply(taken -> Response.noContent().build()));
  }
}
