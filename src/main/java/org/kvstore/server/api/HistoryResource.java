package org.kvstore.server.api;

import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.container.AsyncResponse;
import jakarta.ws.rs.container.Suspended;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.MediaType;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import org.kvstore.api.Headers;
import org.kvstore.api.HistoryDocument;
import org.kvstore.server.api.Problems.Origin;
import org.kvstore.server.model.Access;
import org.kvstore.server.model.Bytes;
import org.kvstore.server.model.Consistency;
import org.kvstore.server.model.Key;
import org.kvstore.server.model.KeyRange;
import org.kvstore.server.service.ChangeService;
import org.kvstore.server.service.KeyValueService;
import org.kvstore.server.store.History;

/** The versions of one key: {@code /v1/history/{key}}. {@link RequestGate} has read the key. */
@Path(RequestGate.HISTORY_PATH)
@Singleton
public class HistoryResource {
  private static final Set<String> PARAMETERS = Set.of("limit", "cursor", Query.CONSISTENCY);

  private final ChangeService service;
  private final KeyValueService keys;

  @Inject
  public HistoryResource(ChangeService service, KeyValueService keys) {
    this.service = service;
    this.keys = keys;
  }

  @GET
  @Produces(MediaType.APPLICATION_JSON)
  public void list(@Context HttpServletRequest request, @Suspended AsyncResponse response) {
    Query query = Query.of(request, PARAMETERS);
    Key key = RequestGate.key(request);
    String cursor = query.text("cursor");
    int digest = key.hashCode();
    long from = cursor == null ? 0 : Cursor.parse(cursor, digest).revisions().at(0);
    int limit = (int) query.number("limit", Listing.DEFAULT_LIMIT, 1, service.limits().pageKeys());
    Access access = Exchange.access(request);
    Consistency consistency = query.consistency();
    Supplier<Optional<Long>> age = keys.age(KeyRange.of(key), consistency);
    OwnThread.send(
        keys,
        Origin.of(request),
        response,
        service.history(
            access,
            key,
            from,
            limit,
            consistency,
            history -> page(history, digest).with(Headers.AGE, age.get())));
  }

  private static Reply page(History history, int digest) {
    return Reply.json(
        new HistoryDocument(
            history.versions().stream().map(event -> Documents.event(event, null)).toList(),
            history.next() == 0
                ? null
                : new Cursor(digest, history.next(), Bytes.ofUtf8("v")).token()));
  }
}
