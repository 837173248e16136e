package org.kvstore.server.api;

import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.Response;
import java.time.Duration;
import java.util.Collections;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.kvstore.api.Headers;
import org.kvstore.server.api.EntryResponses.Wish;
import org.kvstore.server.model.Entry;
import org.kvstore.server.service.KeyValueService;

/**
 * A GET of one key with preferences (RFC 7240). With {@code Prefer: wait=SECONDS} it is held while
 * its answer would be 304 or 404, on no thread. {@link RequestGate} sends such requests here.
 */
@Path(RequestGate.HELD_PATH)
@Singleton
public class HeldEntryResource {
  private static final Pattern WAIT =
      Pattern.compile("(?:^|[,;])\\s*wait\\s*=\\s*\"?([0-9]{1,9})\"?\\s*(?=[,;]|$)");

  private final KeyValueService service;

  @Inject
  public HeldEntryResource(KeyValueService service) {
    this.service = service;
  }

  @GET
  public CompletionStage<Response> get(@Context HttpServletRequest request) {
    Optional<Duration> wait = preferredWait(request);
    Optional<Entry> now = EntryResource.find(service, request);
    Wish wish = Wish.of(request);
    if (wait.isEmpty() || request.getQueryString() != null) {
      return CompletableFuture.completedStage(EntryResponses.read(wish, now));
    }
    Predicate<Optional<Entry>> isNews = entry -> entry.isPresent() && !wish.knows(entry.get());
    return ProblemMapper.answer(
        request,
        service
            .hold(RequestGate.key(request), isNews, wait.get())
            .thenApply(
                entry ->
                    Response.fromResponse(EntryResponses.read(wish, entry))
                        .header("Preference-Applied", "wait=" + wait.get().toSeconds())
                        .build()));
  }

  /** The wait asked for, within the limit; a preference that cannot be read is ignored. */
  private Optional<Duration> preferredWait(HttpServletRequest request) {
    String preferences = String.join(",", Collections.list(request.getHeaders(Headers.PREFER)));
    Matcher matcher = WAIT.matcher(preferences);
    if (!matcher.find()) {
      return Optional.empty();
    }
    Duration limit = service.limits().heldWait();
    Duration wait = Duration.ofSeconds(Long.parseLong(matcher.group(1)));
    return Optional.of(wait.compareTo(limit) > 0 ? limit : wait);
  }
}
