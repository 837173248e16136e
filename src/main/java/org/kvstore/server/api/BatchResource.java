package org.kvstore.server.api;

import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.container.AsyncResponse;
import jakarta.ws.rs.container.Suspended;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.core.StreamingOutput;
import java.io.IOException;
import java.io.InputStream;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.kvstore.api.MediaTypes;
import org.kvstore.server.api.Problems.Origin;
import org.kvstore.server.model.Access;
import org.kvstore.server.model.Permission;
import org.kvstore.server.service.KeyValueService;

/** Bulk: {@code /v1/batch}, an operation a line in, a result a line out, both as they come. */
@Path("/v1/batch")
@Singleton
public class BatchResource {
  private final KeyValueService service;

  @Inject
  public BatchResource(KeyValueService service) {
    this.service = service;
  }

  @POST
  @Consumes(MediaTypes.NDJSON)
  @Produces(MediaTypes.NDJSON)
  public void run(@Context HttpServletRequest request, @Suspended AsyncResponse response)
      throws IOException {
    Query.of(request, Set.of());
    @Nullable String name = IdempotencyKey.of(request);
    Origin origin = Origin.of(request);
    Access access = Exchange.access(request);
    access.requireSome(Permission.READ);
    InputStream in = request.getInputStream();
    Batch batch = new Batch(service, access, origin, name);
    Exchange exchange = Exchange.of(request);
    OwnThread.run(service, request, response, () -> run(batch, in, exchange, response));
  }

  private void run(Batch batch, InputStream in, Exchange exchange, AsyncResponse response) {
    // The place is taken first: a refusal is an answer of its own, not a line.
    try (KeyValueService.BatchPlace place = service.beginBatch()) {
      StreamingOutput results =
          out -> {
            Pace pace = new Pace(exchange.paced(), place::isEnding);
            batch.run(place, new PacedInput(in, pace), new PacedOutput(out, pace));
          };
      response.resume(Response.ok(results, MediaTypes.NDJSON).build());
    }
  }
}
