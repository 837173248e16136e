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
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.container.AsyncResponse;
import jakarta.ws.rs.container.Suspended;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import java.io.IOException;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import org.kvstore.api.ErrorCode;
import org.kvstore.api.PairDocument;
import org.kvstore.server.api.Problems.Origin;
import org.kvstore.server.model.Condition;
import org.kvstore.server.model.Consistency;
import org.kvstore.server.model.Entry;
import org.kvstore.server.model.Key;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.model.Limits;
import org.kvstore.server.service.KeyValueService;
import org.kvstore.server.service.Life;
import org.kvstore.server.service.WriteRequest;

/** The simple three: {@code POST /put}, {@code GET /get}, {@code DELETE /delete}. */
@Path("/")
@Singleton
public class SimpleResource {
  /** Where pairs are put. */
  static final String PUT = "/put";

  private static final String TEXT = "text/plain; charset=UTF-8";
  private static final Set<String> KEY = Set.of("key");
  private static final Set<String> NONE = Set.of();
  private static final Set<String> KEY_AND_VALUE = Set.of("key", "value");

  /** What JSON may add to a value by escaping it: six characters for one byte, at the worst. */
  private static final int ESCAPING = 6;

  private final KeyValueService service;

  @Inject
  public SimpleResource(KeyValueService service) {
    this.service = service;
  }

  @POST
  @Path(PUT)
  @Consumes(MediaType.APPLICATION_JSON)
  public CompletionStage<Response> putJson(@Context HttpServletRequest request) throws IOException {
    return put(request, pair(Bodies.readText(request, bodyLimit(service.limits()))));
  }

  @POST
  @Path(PUT)
  @Consumes(MediaType.APPLICATION_FORM_URLENCODED)
  public CompletionStage<Response> putForm(@Context HttpServletRequest request) throws IOException {
    Query form = Query.parse(Bodies.readText(request, bodyLimit(service.limits())), KEY_AND_VALUE);
    return put(request, new PairDocument(form.text("key"), form.text("value"), null));
  }

  @GET
  @Path("get")
  @Produces(MediaType.APPLICATION_JSON)
  public void getJson(@Context HttpServletRequest request, @Suspended AsyncResponse response) {
    send(request, response, entry -> Reply.json(Documents.pair(entry)));
  }

  @GET
  @Path("get")
  @Produces(TEXT + "; qs=0.5")
  public void getText(@Context HttpServletRequest request, @Suspended AsyncResponse response) {
    send(request, response, entry -> Reply.status(200).build(entry.value(), TEXT));
  }

  @DELETE
  @Path("delete")
  public CompletionStage<Response> delete(@Context HttpServletRequest request) {
    Key key = Key.of(Query.of(request, KEY).required("key"));
    String name = IdempotencyKey.of(request);
    return ProblemMapper.answer(
        request,
        service
            .delete(Exchange.access(request), new WriteRequest.Delete(key, Condition.NONE, name))
            .thenApply(deleted -> Response.noContent().build()));
  }

  private CompletionStage<Response> put(HttpServletRequest request, PairDocument pair) {
    Query.of(request, NONE);
    if (pair.key() == null) {
      throw KeyValueException.invalid("key", "The property is required.");
    }
    Key key = Key.of(pair.key());
    WriteRequest.Put put =
        new WriteRequest.Put(
            key,
            OperationReader.value(pair.value(), pair.valueBase64()),
            TEXT,
            new Life.Forever(),
            Condition.NONE,
            IdempotencyKey.of(request));
    String context = request.getContextPath();
    return ProblemMapper.answer(
        request,
        service
            .put(Exchange.access(request), put)
            .thenApply(written -> EntryReplies.written(written, context, key).toResponse()));
  }

  private void send(
      HttpServletRequest request, AsyncResponse response, Function<Entry, Reply> form) {
    Key key = Key.of(Query.of(request, KEY).required("key"));
    OwnThread.send(
        service,
        Origin.of(request),
        response,
        service
            .get(Exchange.access(request), key, Consistency.LINEARIZABLE)
            .thenApply(entry -> form.apply(entry.orElseThrow(SimpleResource::missing))));
  }

  private static KeyValueException missing() {
    return KeyValueException.of(ErrorCode.NOT_FOUND, "There is no such key.");
  }

  /** How long the body of a put may be. */
  static int bodyLimit(Limits limits) {
    return (int) Math.min(Integer.MAX_VALUE - 16, 16_384L + ESCAPING * (long) limits.valueBytes());
  }

  private static PairDocument pair(String json) {
    JsonObject object = JsonObjects.parse(json);
    return new PairDocument(
        JsonObjects.text(object, "key"),
        JsonObjects.text(object, "value"),
        JsonObjects.text(object, "valueBase64"));
  }
}
