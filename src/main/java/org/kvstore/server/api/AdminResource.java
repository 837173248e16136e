package org.kvstore.server.api;

import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import org.kvstore.api.CompactedDocument;
import org.kvstore.server.service.ChangeService;

/** What an operator asks for: {@code /v1/admin}. */
@Path("/v1/admin")
@Singleton
@Produces(MediaType.APPLICATION_JSON)
public class AdminResource {
  private final ChangeService service;

  @Inject
  public AdminResource(ChangeService service) {
    this.service = service;
  }

  /** Gives up history; without a revision all that is not the present. */
  @POST
  @Path("compact")
  public CompletionStage<Response> compact(@Context HttpServletRequest request) {
    // Read past, a revision in it would give up all history instead of some.
    Bodies.requireNone(request, "the parameter is revision.");
    long revision = Query.of(request, Set.of("revision")).number("revision", 0, 1, Long.MAX_VALUE);
    return ProblemMapper.answer(
        request,
        service
            .compact(revision)
            .thenApply(done -> Response.ok(new CompactedDocument(done.revision())).build()));
  }
}
