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
import java.time.Duration;
import java.time.Instant;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;
import org.kvstore.api.TokenDocument;
import org.kvstore.api.TokensDocument;
import org.kvstore.server.security.TokenService;
import org.kvstore.server.security.TokenService.Described;
import org.kvstore.server.security.TokenService.Made;

/** API tokens: {@code /v1/admin/tokens}. */
@Path("/v1/admin/tokens")
@Singleton
@Produces(MediaType.APPLICATION_JSON)
public class TokenResource {
  private static final Set<String> NONE = Set.of();
  private static final Set<String> PROPERTIES = Set.of("subject", "groups", "ttl");
  private static final int MAX_BODY = 64 << 10;

  private final TokenService service;

  @Inject
  public TokenResource(TokenService service) {
    this.service = service;
  }

  @POST
  @Consumes(MediaType.APPLICATION_JSON)
  public CompletionStage<Response> create(@Context HttpServletRequest request) throws IOException {
    Query.of(request, NONE);
    JsonObject body = JsonObjects.read(request, MAX_BODY, PROPERTIES);
    @Nullable String ttl = JsonObjects.text(body, "ttl");
    String at = request.getContextPath() + "/v1/admin/tokens/";
    return ProblemMapper.answer(
        request,
        service
            .create(
                Exchange.access(request),
                JsonObjects.required(body, "subject"),
                JsonObjects.texts(body, "groups"),
                ttl == null ? null : OperationReader.duration("ttl", ttl))
            .thenApply(
                made ->
                    Response.status(Response.Status.CREATED)
                        .header(HttpHeaders.LOCATION, at + made.token().id())
                        .header(HttpHeaders.CACHE_CONTROL, "no-store")
                        .entity(document(made))
                        .build()));
  }

  @GET
  public TokensDocument list(@Context HttpServletRequest request) {
    Query.of(request, NONE);
    return new TokensDocument(
        service.list(Exchange.access(request)).stream()
            .map(token -> document(token, null))
            .toList());
  }

  @GET
  @Path("{id}")
  public TokenDocument get(@Context HttpServletRequest request, @PathParam("id") String id) {
    Query.of(request, NONE);
    return document(service.find(Exchange.access(request), id), null);
  }

  @POST
  @Path("{id}/rotate")
  public CompletionStage<Response> rotate(
      @Context HttpServletRequest request, @PathParam("id") String id) {
    Bodies.requireNone(request, "the parameter is overlap.");
    @Nullable Duration overlap = Query.of(request, Set.of("overlap")).duration("overlap");
    return ProblemMapper.answer(
        request,
        service
            .rotate(Exchange.access(request), id, overlap == null ? Duration.ZERO : overlap)
            .thenApply(
                made ->
                    Response.ok(document(made))
                        .header(HttpHeaders.CACHE_CONTROL, "no-store")
                        .build()));
  }

  @DELETE
  @Path("{id}")
  public CompletionStage<Response> revoke(
      @Context HttpServletRequest request, @PathParam("id") String id) {
    Query.of(request, NONE);
    return ProblemMapper.answer(
        request,
        service
            .revoke(Exchange.access(request), id)
            .thenApply(revoked -> Response.noContent().build()));
  }

  private static TokenDocument document(Made made) {
    return document(made.token(), made.text());
  }

  private static TokenDocument document(Described token, @Nullable String text) {
    Long used = token.lastUsedAt();
    return new TokenDocument(
        token.id(),
        token.subject(),
        token.groups().stream().sorted().toList(),
        Instant.ofEpochMilli(token.createdAt()).toString(),
        token.expiresAt() == Long.MAX_VALUE
            ? null
            : Instant.ofEpochMilli(token.expiresAt()).toString(),
        used == null ? null : Instant.ofEpochMilli(used).toString(),
        text);
  }
}
