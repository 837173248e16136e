package org.kvstore.server.api;

import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.ws.rs.DELETE;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.PUT;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import java.io.IOException;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.kvstore.api.Headers;
import org.kvstore.server.model.Entry;
import org.kvstore.server.model.Key;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.service.KeyValueService;
import org.kvstore.server.service.WriteRequest;

/** One key: {@code /v1/kv/{key}}. {@link RequestGate} has read the key. */
@Path(RequestGate.KEY_PATH)
@Singleton
public class EntryResource {
  private static final Set<String> READ = Set.of("revision");
  private static final Set<String> WRITE = Set.of("ttl", "keepTtl");
  private static final Set<String> NONE = Set.of();
  private static final Pattern MEDIA_TYPE =
      Pattern.compile(
          "{token}/{token}([ \\t]*;[ \\t]*{token}=({token}|\"([ !#-\\[\\]-~]|\\\\[ -~])*\"))*"
              .replace("{token}", "[\\w!#$%&'*+.^`|~-]+"));

  private final KeyValueService service;

  @Inject
  public EntryResource(KeyValueService service) {
    this.service = service;
  }

  /** Answers at once: a read of what is published waits for nothing. */
  @GET
  public Response get(@Context HttpServletRequest request) {
    return EntryResponses.read(EntryResponses.Wish.of(request), find(service, request));
  }

  @PUT
  public CompletionStage<Response> put(@Context HttpServletRequest request) throws IOException {
    Query query = Query.of(request, WRITE);
    if (query.has("ttl") && query.flag("keepTtl")) {
      throw KeyValueException.invalid("keepTtl", "It is not combined with ttl.");
    }
    WriteRequest.Put put =
        new WriteRequest.Put(
            RequestGate.key(request),
            Bodies.read(request, service.limits().valueBytes(), "value"),
            contentType(request),
            query.duration("ttl"),
            query.flag("keepTtl"),
            EntityTags.condition(request),
            idempotencyKey(request));
    String location = EntryResponses.location(request, put.key().utf8());
    return ProblemMapper.answer(
        request, service.put(put).thenApply(written -> EntryResponses.written(written, location)));
  }

  @DELETE
  public CompletionStage<Response> delete(@Context HttpServletRequest request) {
    Query.of(request, NONE);
    WriteRequest.Delete delete =
        new WriteRequest.Delete(
            RequestGate.key(request), EntityTags.condition(request), idempotencyKey(request));
    return ProblemMapper.answer(
        request, service.delete(delete).thenApply(deleted -> Response.noContent().build()));
  }

  /** The entry that a read asks for, now or at a revision. */
  static Optional<Entry> find(KeyValueService service, HttpServletRequest request) {
    Query query = Query.of(request, READ);
    Key key = RequestGate.key(request);
    return query.has("revision")
        ? service.getAt(key, query.number("revision", 0, 1, Long.MAX_VALUE))
        : service.get(key);
  }

  /** The Idempotency-Key of a write, or null. */
  static @Nullable String idempotencyKey(HttpServletRequest request) {
    String key = request.getHeader(Headers.IDEMPOTENCY_KEY);
    if (key != null && !key.matches("[\\x21-\\x7E]{1,128}")) {
      throw KeyValueException.invalid(
              Headers.IDEMPOTENCY_KEY, "It has 1 to 128 visible ASCII characters.")
          .withLimit(128);
    }
    return key;
  }

  private static String contentType(HttpServletRequest request) {
    String type = request.getHeader(HttpHeaders.CONTENT_TYPE);
    if (type == null) {
      return MediaType.APPLICATION_OCTET_STREAM;
    }
    if (type.length() > 256 || !MEDIA_TYPE.matcher(type).matches()) {
      throw KeyValueException.invalid(
              HttpHeaders.CONTENT_TYPE, "It is a media type of at most 256 characters.")
          .withLimit(256);
    }
    return type;
  }
}
