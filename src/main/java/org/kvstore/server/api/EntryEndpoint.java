package org.kvstore.server.api;

import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;
import java.io.IOException;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletionStage;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.kvstore.api.ErrorCode;
import org.kvstore.api.Headers;
import org.kvstore.api.MediaTypes;
import org.kvstore.server.api.EntryReplies.Wish;
import org.kvstore.server.api.Problems.Origin;
import org.kvstore.server.model.Access;
import org.kvstore.server.model.Consistency;
import org.kvstore.server.model.Entry;
import org.kvstore.server.model.Key;
import org.kvstore.server.model.KeyRange;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.model.Patch;
import org.kvstore.server.service.KeyValueService;
import org.kvstore.server.service.Life;
import org.kvstore.server.service.WriteRequest;

/**
 * One key: {@code /v1/kv/{key}}. {@link RequestGate} has read the key and calls this directly, as
 * the way through Jakarta REST would cost a quarter of a read
 * (src/docs/decisions/0007-one-key-without-jakarta-rest.md).
 *
 * <p>On one node a read is answered at once: it waits for nothing. Writes, and reads that prefer to
 * wait, are asynchronous and occupy no thread.
 */
@Singleton
public class EntryEndpoint {
  private static final String METHODS = "GET, HEAD, PUT, PATCH, DELETE, OPTIONS";
  private static final Set<String> READ = Set.of("revision", Query.CONSISTENCY);
  private static final Set<String> WRITE = Set.of("ttl", "keepTtl", "lease");
  private static final Set<String> NONE = Set.of();
  private static final Map<String, Patch.Kind> PATCHES =
      Map.of(
          MediaTypes.JSON_PATCH, Patch.Kind.JSON_PATCH,
          MediaTypes.MERGE_PATCH, Patch.Kind.MERGE_PATCH,
          MediaTypes.INCREMENT, Patch.Kind.INCREMENT);

  private final KeyValueService service;

  @Inject
  public EntryEndpoint(KeyValueService service) {
    this.service = service;
  }

  /** Answers a request for a key, now or later. */
  void answer(HttpServletRequest request, HttpServletResponse response, Key key)
      throws IOException {
    try {
      switch (request.getMethod()) {
        case "GET", "HEAD" -> read(request, response, key);
        case "PUT" -> AsyncReply.send(put(request, key), service, request, response);
        case "PATCH" -> AsyncReply.send(patch(request, key), service, request, response);
        case "DELETE" -> AsyncReply.send(delete(request, key), service, request, response);
        case "OPTIONS" -> Reply.status(200).header("Allow", METHODS).build().send(response, false);
        default -> {
          response.setHeader("Allow", METHODS);
          throw KeyValueException.of(
              ErrorCode.METHOD_NOT_ALLOWED, "A key is read, put, patched and deleted.");
        }
      }
    } catch (IOException | RuntimeException e) {
      ProblemServlet.write(e, request, response);
    }
  }

  private void read(HttpServletRequest request, HttpServletResponse response, Key key)
      throws IOException {
    Optional<Duration> wait = PreferredWait.of(request, service.limits().heldWait());
    Wish wish = Wish.of(request);
    if (wait.isEmpty() || RequestGate.originalQuery(request) != null) {
      AsyncReply.send(read(request, key, wish), service, request, response);
      return;
    }
    Predicate<Optional<Entry>> isNews = entry -> entry.isPresent() && !wish.knows(entry.get());
    String applied = "wait=" + wait.get().toSeconds();
    Exchange.of(request).waits();
    AsyncReply.send(
        service
            .hold(Exchange.access(request), key, isNews, wait.get())
            .thenApply(entry -> EntryReplies.read(wish, entry, applied)),
        service,
        request,
        response);
  }

  private CompletionStage<Reply> read(HttpServletRequest request, Key key, Wish wish) {
    Query query = Query.of(request, READ);
    Consistency consistency = query.consistency();
    if (consistency == Consistency.LINEARIZABLE) {
      return find(Exchange.access(request), key, query, consistency)
          .thenApply(now -> EntryReplies.read(wish, now));
    }
    Origin origin = Origin.of(request);
    // Asked before the read, so that what is read here is no younger than that.
    Supplier<Optional<Long>> age = service.age(KeyRange.of(key), consistency);
    return find(Exchange.access(request), key, query, consistency)
        .thenApply(now -> local(wish, now, origin).with(Headers.AGE, age.get()));
  }

  /** That a key does not exist may be old, too, so it is an answer, not thrown. */
  private static Reply local(Wish wish, Optional<Entry> found, Origin origin) {
    return found.isPresent()
        ? EntryReplies.read(wish, found)
        : Problems.reply(EntryReplies.absent(), origin);
  }

  private CompletionStage<Reply> put(HttpServletRequest request, Key key) throws IOException {
    WriteRequest.Put put =
        new WriteRequest.Put(
            key,
            Bodies.read(request, service.limits().valueBytes(), "value"),
            contentType(request),
            life(Query.of(request, WRITE)),
            EntityTags.condition(request),
            IdempotencyKey.of(request));
    String context = request.getContextPath();
    return service
        .put(Exchange.access(request), put)
        .thenApply(written -> EntryReplies.written(written, context, key));
  }

  private static Life life(Query query) {
    boolean keep = query.flag("keepTtl");
    Duration ttl = query.duration("ttl");
    String lease = query.text("lease");
    if (keep && ttl != null) {
      throw KeyValueException.invalid("keepTtl", "It is not combined with ttl.");
    }
    if (lease != null && (keep || ttl != null)) {
      throw KeyValueException.invalid("lease", "It is not combined with ttl or keepTtl.");
    }
    if (lease != null) {
      return new Life.OnLease(LeaseIds.parse(lease));
    }
    if (ttl != null) {
      return new Life.During(ttl);
    }
    return keep ? new Life.Keep() : new Life.Forever();
  }

  private CompletionStage<Reply> patch(HttpServletRequest request, Key key) throws IOException {
    Query.of(request, NONE);
    WriteRequest.Modify modify =
        new WriteRequest.Modify(
            key,
            new Patch(
                patchKind(request), Bodies.read(request, service.limits().valueBytes(), "body")),
            EntityTags.condition(request),
            IdempotencyKey.of(request));
    return service.modify(Exchange.access(request), modify).thenApply(EntryReplies::modified);
  }

  private static Patch.Kind patchKind(HttpServletRequest request) {
    @Nullable String type = request.getHeader(HttpHeaders.CONTENT_TYPE);
    String essence = type == null ? "" : type.split(";", 2)[0].strip().toLowerCase(Locale.ROOT);
    Patch.Kind kind = PATCHES.get(essence);
    if (kind == null) {
      throw KeyValueException.of(
              ErrorCode.UNSUPPORTED_MEDIA_TYPE,
              "A patch is one of " + String.join(", ", new TreeSet<>(PATCHES.keySet())) + ".")
          .withField(HttpHeaders.CONTENT_TYPE);
    }
    return kind;
  }

  private CompletionStage<Reply> delete(HttpServletRequest request, Key key) {
    Query.of(request, NONE);
    WriteRequest.Delete delete =
        new WriteRequest.Delete(key, EntityTags.condition(request), IdempotencyKey.of(request));
    return service
        .delete(Exchange.access(request), delete)
        .thenApply(deleted -> Reply.status(204).build());
  }

  /** The entry that a read asks for, now or at a revision. */
  private CompletionStage<Optional<Entry>> find(
      Access access, Key key, Query query, Consistency consistency) {
    return query.has("revision")
        ? service.getAt(access, key, query.number("revision", 0, 1, Long.MAX_VALUE), consistency)
        : service.get(access, key, consistency);
  }

  private static String contentType(HttpServletRequest request) {
    @Nullable String type = request.getHeader(HttpHeaders.CONTENT_TYPE);
    if (type == null) {
      return MediaType.APPLICATION_OCTET_STREAM;
    }
    return MediaTypeRule.checked(HttpHeaders.CONTENT_TYPE, type);
  }
}
