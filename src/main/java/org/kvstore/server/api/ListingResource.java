package org.kvstore.server.api;

import com.fasterxml.jackson.core.JsonGenerator;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.ws.rs.DELETE;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.container.AsyncResponse;
import jakarta.ws.rs.container.Suspended;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.core.StreamingOutput;
import java.io.IOException;
import java.io.OutputStream;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import org.kvstore.api.DeletedDocument;
import org.kvstore.api.Headers;
import org.kvstore.api.MediaTypes;
import org.kvstore.server.api.Problems.Origin;
import org.kvstore.server.model.Access;
import org.kvstore.server.model.Consistency;
import org.kvstore.server.model.Entry;
import org.kvstore.server.model.KeyRange;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.model.Permission;
import org.kvstore.server.service.KeyValueService;

/** Many keys: {@code /v1/kv}. */
@Path("/v1/kv")
@Singleton
public class ListingResource {
  private static final Set<String> EXPORT_PARAMETERS =
      Set.of("prefix", "start", "end", Query.CONSISTENCY);
  private static final Set<String> DELETE_PARAMETERS = Set.of("prefix", "start", "end", "all");

  private final KeyValueService service;

  @Inject
  public ListingResource(KeyValueService service) {
    this.service = service;
  }

  @GET
  @Produces(MediaType.APPLICATION_JSON)
  public void list(@Context HttpServletRequest request, @Suspended AsyncResponse response) {
    Listing listing = new Listing(Query.of(request, Listing.PARAMETERS));
    Access access = Exchange.access(request);
    OwnThread.send(service, Origin.of(request), response, listing.read(service, access));
  }

  /** The whole range, a line a key, as of one point in time and in constant memory. */
  @GET
  @Produces(MediaTypes.NDJSON)
  public void export(@Context HttpServletRequest request, @Suspended AsyncResponse response) {
    Query query = Query.of(request, EXPORT_PARAMETERS);
    KeyRange range = Listing.range(query);
    Consistency consistency = query.consistency();
    Access access = Exchange.access(request);
    Supplier<Optional<Long>> age = service.age(range, consistency);
    if (request.getMethod().equals("HEAD")) {
      // Nothing of it would be written.
      access.at(consistency).require(Permission.READ, range);
      response.resume(begun(Response.ok().type(MediaTypes.NDJSON), age.get()));
    } else {
      Exchange exchange = Exchange.of(request);
      OwnThread.run(
          service,
          request,
          response,
          () -> {
            try (KeyValueService.Export export = service.export(access, range, consistency)) {
              export(export, age.get(), exchange, response);
            }
          });
    }
  }

  private static void export(
      KeyValueService.Export export,
      Optional<Long> age,
      Exchange exchange,
      AsyncResponse response) {
    StreamingOutput lines =
        out -> write(export, new PacedOutput(out, new Pace(exchange.paced(), () -> false)));
    response.resume(begun(Response.ok(lines, MediaTypes.NDJSON), age));
  }

  private static Response begun(Response.ResponseBuilder response, Optional<Long> age) {
    age.ifPresent(millis -> response.header(Headers.AGE, millis));
    return response.build();
  }

  @DELETE
  @Produces(MediaType.APPLICATION_JSON)
  public CompletionStage<Response> delete(@Context HttpServletRequest request) {
    Query query = Query.of(request, DELETE_PARAMETERS);
    boolean ranged = names(query, "prefix") || names(query, "start") || names(query, "end");
    // Nor does an empty switch delete them: all=$ALL, when that is not set.
    boolean all = query.flag("all") && names(query, "all");
    if (ranged == all) {
      throw KeyValueException.invalid(
          "prefix", "A range delete names a prefix, a start or an end, or else all=true.");
    }
    return ProblemMapper.answer(
        request,
        service
            .deleteRange(Exchange.access(request), Listing.range(query), IdempotencyKey.of(request))
            .thenApply(deleted -> Response.ok(new DeletedDocument(deleted)).build()));
  }

  /** An empty bound bounds nothing: a variable that is not set must not delete every key. */
  private static boolean names(Query query, String bound) {
    String value = query.text(bound);
    return value != null && !value.isEmpty();
  }

  private static void write(KeyValueService.Export export, OutputStream out) throws IOException {
    JsonGenerator json = Json.generator(out);
    do {
      for (Entry entry : export.entries()) {
        ReplyLine.put(json, export.asImported(entry));
        json.writeRaw('\n');
      }
    } while (export.advance());
    json.flush();
  }
}
