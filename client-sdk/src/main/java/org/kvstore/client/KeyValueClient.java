package org.kvstore.client;

import jakarta.enterprise.context.Dependent;
import jakarta.inject.Inject;
import jakarta.ws.rs.ProcessingException;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.Response;
import java.io.InputStream;
import java.net.URI;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.eclipse.microprofile.rest.client.inject.RestClient;
import org.jspecify.annotations.Nullable;
import org.kvstore.api.ErrorCode;
import org.kvstore.api.KeyRules;
import org.kvstore.api.StatusDocument;

/**
 * The client of the key-value store. In a Jakarta EE application it is injected ({@code @Inject
 * KeyValueClient}) and configured by the MicroProfile keys {@code kvstore/mp-rest/*}; in plain Java
 * it comes from {@link #connect}. Safe for use by many threads.
 *
 * <p>Every method throws {@link KeyValueException}: {@link InvalidRequestException} for a key that
 * breaks {@link KeyRules}, before anything is sent; {@link UnavailableException} when a request was
 * certainly not applied; {@link IndeterminateException} when a write may have been applied. The
 * client never repeats a write by itself. When a write returns, it is durable.
 */
@Dependent
public final class KeyValueClient implements AutoCloseable {
  private static final String TEXT = "text/plain;charset=UTF-8";
  private static final Duration SECOND = Duration.ofSeconds(1);
  private static final Duration DEFAULT_WAIT_STEP = Duration.ofSeconds(20);

  private final KeyValueApi api;
  private final Duration waitStep;
  private final boolean ownsApi;

  /** Used by CDI. The container closes the interface. */
  @Inject
  public KeyValueClient(@RestClient KeyValueApi api) {
    this(api, DEFAULT_WAIT_STEP, false);
  }

  KeyValueClient(KeyValueApi api, Duration waitStep, boolean ownsApi) {
    this.api = api;
    this.waitStep = waitStep;
    this.ownsApi = ownsApi;
  }

  /** Connects to a server, for example {@code http://127.0.0.1:8080}, with default time-outs. */
  public static KeyValueClient connect(String server) {
    return builder(URI.create(server)).build();
  }

  /** A client with time-outs and trust of one's own. */
  public static KeyValueClientBuilder builder(URI server) {
    return new KeyValueClientBuilder(server);
  }

  /** Reads an entry; empty when the key does not exist. */
  public Optional<Entry> get(String key) {
    return read(key, ReadOptions.newest());
  }

  /**
   * Reads an entry as it was at a revision; empty when the key did not exist then.
   *
   * @throws CompactedException if history does not reach back that far
   */
  public Optional<Entry> getAt(String key, long revision) {
    return read(key, ReadOptions.atRevision(revision));
  }

  /** Reads an entry that is new or changed; empty when it still has this tag or does not exist. */
  public Optional<Entry> getIfChanged(String key, String etag) {
    return read(key, ReadOptions.ifChangedFrom(etag));
  }

  /** Reads an entry without holding the caller's thread. */
  public CompletionStage<Optional<Entry>> getAsync(String key) {
    String valid = valid(key);
    return Transport.READ
        .stage(api.getAsync(valid, ReadOptions.newest()))
        .thenApply(response -> entry(valid, response))
        .exceptionally(KeyValueClient::emptyIfNotFound);
  }

  /** Reads what is known about an entry without its value; empty when the key does not exist. */
  public Optional<Metadata> head(String key) {
    String valid = valid(key);
    try (Response response = Transport.READ.call(() -> api.head(valid, ReadOptions.newest()))) {
      return Optional.of(Metadata.of(response));
    } catch (KeyNotFoundException absent) {
      return Optional.empty();
    }
  }

  /**
   * Waits until a key exists, or until it has another entity tag.
   *
   * <p>The wait is made of requests of at most 20 s each, or less with a shorter read time-out of
   * {@link KeyValueClientBuilder}. An injected client needs a read time-out above 20 s.
   *
   * @param key the key
   * @param etag the tag that is known already; null waits for existence only
   * @param timeout how long to wait; the last part below a second is not waited
   * @return the entry; empty when the time is over
   */
  public Optional<Entry> await(String key, @Nullable String etag, Duration timeout) {
    long deadline = System.nanoTime() + timeout.toNanos();
    ReadOptions known = etag == null ? ReadOptions.newest() : ReadOptions.ifChangedFrom(etag);
    while (true) {
      Duration left = Duration.ofNanos(deadline - System.nanoTime());
      Duration step = left.compareTo(waitStep) < 0 ? left : waitStep;
      boolean last = step.compareTo(SECOND) < 0;
      long asked = System.nanoTime();
      Optional<Entry> entry = read(key, last ? known : known.withWait(step));
      if (entry.isPresent() || left.compareTo(SECOND) < 0) {
        return entry;
      }
      pauseIfNotHeld(Duration.ofNanos(System.nanoTime() - asked));
    }
  }

  /** Writes a text as {@code text/plain;charset=UTF-8}, whatever was there before. */
  public Written put(String key, String text) {
    return put(key, Value.of(text), PutOptions.none().withContentType(TEXT));
  }

  /** Writes a text; the options may name another media type and a condition. */
  public Written put(String key, String text, PutOptions options) {
    boolean typed = options.contentType() != null;
    return put(key, Value.of(text), typed ? options : options.withContentType(TEXT));
  }

  /**
   * Writes a value.
   *
   * @throws PreconditionFailedException if the condition of the options does not hold
   */
  public Written put(String key, Value value, PutOptions options) {
    String valid = valid(key);
    try (Response response = Transport.WRITE.call(() -> api.put(valid, options, value.shared()))) {
      return written(response);
    }
  }

  /** Writes a value without holding the caller's thread. */
  public CompletionStage<Written> putAsync(String key, Value value, PutOptions options) {
    return Transport.WRITE
        .stage(api.putAsync(valid(key), options, value.shared()))
        .thenApply(
            response -> {
              try (response) {
                return written(response);
              }
            });
  }

  /**
   * Replaces the value of an entry, with its media type, if nobody has written it since it was
   * read. A time to live is kept.
   *
   * @throws PreconditionFailedException if it was written or deleted in between
   */
  public Written compareAndSet(Entry read, String newText) {
    return compareAndSet(read, Value.of(newText));
  }

  /** As {@link #compareAndSet(Entry, String)}, with any bytes. */
  public Written compareAndSet(Entry read, Value newValue) {
    PutOptions unchanged =
        PutOptions.ifMatch(read.etag()).withContentType(read.contentType()).withKeptTtl();
    return put(read.key(), newValue, unchanged);
  }

  /** Deletes a key. Returns false when it did not exist. */
  public boolean delete(String key) {
    return remove(key, null);
  }

  /**
   * Deletes an entry if nobody has written it since it was read. Returns false when it is gone.
   *
   * @throws PreconditionFailedException if it was written in between
   */
  public boolean delete(Entry read) {
    return delete(read.key(), read.etag());
  }

  /** As {@link #delete(Entry)}, by key and entity tag. */
  public boolean delete(String key, String etag) {
    return remove(key, Etags.quoted(etag));
  }

  /** Deletes a range of keys at once and returns how many there were. */
  public long delete(KeyRange range) {
    Boolean all = range.isAll() ? true : null;
    return Transport.WRITE.call(() -> api.deleteRange(range, all, null)).deleted();
  }

  /** Reads one page of a range. */
  public Page list(KeyRange range, ListOptions options) {
    return Page.of(Transport.READ.call(() -> api.list(range, options)));
  }

  /**
   * Streams the entries of a range, a page at a time as they are used, all of one point in time.
   * The options choose the page size and whether values are read.
   *
   * @throws CompactedException while streaming, if the point in time has left history
   */
  public Stream<Entry> entries(KeyRange range, ListOptions options) {
    return Stream.iterate(
            Optional.of(list(range, options)),
            Optional::isPresent,
            page -> page.map(Page::cursor).map(cursor -> list(range, options.withCursor(cursor))))
        .flatMap(Optional::stream)
        .flatMap(page -> page.entries().stream());
  }

  /** Streams the entries whose keys start with a prefix. */
  public Stream<Entry> entries(String prefix) {
    return entries(KeyRange.prefix(prefix), ListOptions.defaults());
  }

  /** Counts the keys of a range. */
  public long count(KeyRange range) {
    ListOptions counting = ListOptions.defaults().countingOnly();
    return Transport.READ.call(() -> api.list(range, counting)).count();
  }

  /**
   * Streams a range as newline-delimited JSON, at one point in time and in constant memory. The
   * caller closes the stream; a stream that breaks throws {@link java.io.IOException}.
   */
  public InputStream export(KeyRange range) {
    Response response = Transport.READ.call(() -> api.export(range));
    return response.hasEntity()
        ? response.readEntity(InputStream.class)
        : InputStream.nullInputStream();
  }

  /** Reads the state of the service. */
  public StatusDocument status() {
    return Transport.READ.call(api::status);
  }

  /** Whether the service can be reached and takes requests. */
  public boolean isReady() {
    try (Response response = Transport.READ.call(api::ready)) {
      return response.getStatus() == Response.Status.OK.getStatusCode();
    } catch (UnavailableException notNow) {
      return false;
    }
  }

  /** Closes the connections of a client that {@link #connect} or the builder made. */
  @Override
  public void close() {
    if (ownsApi) {
      api.close();
    }
  }

  private Optional<Entry> read(String key, ReadOptions options) {
    String valid = valid(key);
    try {
      return entry(valid, Transport.READ.call(() -> api.get(valid, options)));
    } catch (KeyNotFoundException absent) {
      return Optional.empty();
    }
  }

  private boolean remove(String key, @Nullable String ifMatch) {
    String valid = valid(key);
    try (Response response = Transport.WRITE.call(() -> api.delete(valid, ifMatch, null))) {
      return response.getStatus() == Response.Status.NO_CONTENT.getStatusCode();
    } catch (KeyNotFoundException absent) {
      return false;
    }
  }

  /** A server that does not hold answers must not be asked in a tight loop. */
  private static void pauseIfNotHeld(Duration held) {
    Duration missing = SECOND.minus(held);
    if (missing.compareTo(SECOND.dividedBy(2)) > 0) {
      LockSupport.parkNanos(missing.toNanos());
    }
  }

  private static Optional<Entry> entry(String key, Response response) {
    try (response) {
      if (response.getStatus() == Response.Status.NOT_MODIFIED.getStatusCode()) {
        return Optional.empty();
      }
      Metadata metadata = Metadata.of(response);
      byte[] bytes = response.hasEntity() ? response.readEntity(byte[].class) : new byte[0];
      return Optional.of(new Entry(key, Value.owning(bytes), metadata));
    } catch (ProcessingException broken) {
      return Transport.READ.call(
          () -> {
            throw broken;
          });
    }
  }

  private static Written written(Response response) {
    String etag = response.getHeaderString(HttpHeaders.ETAG);
    if (etag == null) {
      throw KeyValueException.notTheService(response.getStatus(), "a write has no ETag", null);
    }
    return new Written(response.getStatus() == Response.Status.CREATED.getStatusCode(), etag);
  }

  private static Optional<Entry> emptyIfNotFound(Throwable thrown) {
    Throwable cause = thrown.getCause() == null ? thrown : thrown.getCause();
    if (cause instanceof KeyNotFoundException) {
      return Optional.empty();
    }
    if (cause instanceof KeyValueException failed) {
      throw failed;
    }
    throw new IllegalStateException(cause);
  }

  private static String valid(String key) {
    Optional<String> violation = KeyRules.violation(key);
    if (violation.isPresent()) {
      Failure failure = Failure.local(0, ErrorCode.KEY_INVALID, violation.get());
      throw KeyValueException.of(failure, null);
    }
    return key;
  }
}
