package org.kvstore.client;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * Reads entries by their keys.
 *
 * @param requests sends the requests
 * @param waitStep the longest that one request is held
 */
record EntryReads(Requests requests, Duration waitStep) {
  /** How much longer than asked for the last answer of a wait may take. */
  private static final Duration LAST_ANSWER = Duration.ofSeconds(1);

  Optional<Entry> read(String key, ReadOptions options) {
    return read(requests, Keys.valid(key), options);
  }

  LocalEntry readLocal(String key) {
    String valid = Keys.valid(key);
    try {
      return requests.read(api -> Responses.localEntry(valid, api.get(valid, ReadOptions.local())));
    } catch (KeyNotFoundException absent) {
      return new LocalEntry(Optional.empty(), absent.age());
    }
  }

  CompletionStage<Optional<Entry>> readAsync(String key, ReadOptions options) {
    String valid = Keys.valid(key);
    return requests
        .readAsync(
            api ->
                api.getAsync(valid, options)
                    .thenApply(response -> Responses.entry(valid, response)))
        .exceptionally(Responses::emptyIfNotFound);
  }

  Optional<Entry> await(String key, @Nullable String etag, Duration timeout) {
    String valid = Keys.valid(key);
    ReadOptions known = etag == null ? ReadOptions.newest() : ReadOptions.ifChangedFrom(etag);
    Deadline deadline = Deadline.after(timeout.plus(LAST_ANSWER));
    return new Awaiting(waitStep, timeout)
        .run(
            step -> {
              ReadOptions options = step.isZero() ? known : known.withWait(step);
              return read(requests.within(deadline.left()), valid, options);
            });
  }

  private static Optional<Entry> read(Requests requests, String key, ReadOptions options) {
    try {
      return requests.read(api -> Responses.entry(key, api.get(key, options)));
    } catch (KeyNotFoundException absent) {
      return Optional.empty();
    }
  }
}
