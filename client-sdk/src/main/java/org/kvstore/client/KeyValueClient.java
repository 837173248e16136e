package org.kvstore.client;

import jakarta.enterprise.context.Dependent;
import jakarta.enterprise.inject.Instance;
import jakarta.inject.Inject;
import jakarta.ws.rs.core.Response;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.math.BigDecimal;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.Spliterator;
import java.util.Spliterators;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.function.Function;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.eclipse.microprofile.rest.client.inject.RestClient;
import org.jspecify.annotations.Nullable;
import org.kvstore.api.CheckpointDocument;
import org.kvstore.api.ClusterDocument;
import org.kvstore.api.KeyRules;
import org.kvstore.api.RestoredDocument;
import org.kvstore.api.StatusDocument;
import org.kvstore.api.archive.ArchiveHead;

/**
 * The client of the key-value store. In a Jakarta EE application it is injected ({@code @Inject
 * KeyValueClient}) and configured by the MicroProfile keys {@code kvstore/mp-rest/*}, or {@code
 * kvstore.servers} for the nodes of a cluster; in plain Java it comes from {@link #connect}. Safe
 * for use by many threads.
 *
 * <p>Every method throws {@link KeyValueException}: {@link InvalidRequestException} for a key that
 * breaks {@link KeyRules}, before anything is sent; {@link UnavailableException} when a request was
 * certainly not applied; {@link IndeterminateException} when a write may have been applied. When a
 * write returns, it is durable.
 *
 * <p>A client of one server sends each request once. One of several nodes sends it again and to
 * others while its time lasts, as {@link KeyValueClientBuilder} says.
 */
@Dependent
public final class KeyValueClient implements AutoCloseable {
  private static final int HISTORY_PAGE = 100;

  private final Requests requests;
  private final EntryReads entries;
  private final Watches watches;
  private final Backups backups;
  private final Membership membership;

  /** Used by CDI. The container closes what it has injected. */
  @Inject
  KeyValueClient(@RestClient Instance<KeyValueApi> api, SharedNodes nodes) {
    this(nodes.linkOr(api::get));
  }

  KeyValueClient(Link link) {
    requests = link.requests();
    entries = new EntryReads(requests, link.waitStep());
    FirstCall<Connector> connector = new FirstCall<>(link.connector());
    watches = new Watches(connector);
    backups = new Backups(requests, connector);
    membership = new Membership(requests);
  }

  /**
   * Connects to a server, for example {@code http://127.0.0.1:8080}, or to the nodes of a cluster,
   * with commas between their addresses; with default time-outs.
   */
  public static KeyValueClient connect(String servers) {
    return builder(servers).build();
  }

  /** As {@link #connect}, with time-outs and trust of one's own. */
  public static KeyValueClientBuilder builder(String servers) {
    return new KeyValueClientBuilder(Servers.parse(servers));
  }

  /** A client of a server, or of the nodes of a cluster, with time-outs and trust of one's own. */
  public static KeyValueClientBuilder builder(URI first, URI... more) {
    return new KeyValueClientBuilder(Stream.concat(Stream.of(first), Stream.of(more)).toList());
  }

  /** Reads an entry; empty when the key does not exist. */
  public Optional<Entry> get(String key) {
    return entries.read(key, ReadOptions.newest());
  }

  /**
   * Reads an entry as it was at a revision; empty when the key did not exist then.
   *
   * @throws CompactedException if history does not reach back that far
   */
  public Optional<Entry> getAt(String key, long revision) {
    return entries.read(key, ReadOptions.atRevision(revision));
  }

  /**
   * Reads what the node has that is asked, which need not be the newest: nobody else is asked, so
   * it is quick, and is answered by a node that is cut off from the others too.
   */
  public LocalEntry getLocal(String key) {
    return entries.readLocal(key);
  }

  /** Reads an entry that is new or changed; empty when it still has this tag or does not exist. */
  public Optional<Entry> getIfChanged(String key, String etag) {
    return entries.read(key, ReadOptions.ifChangedFrom(etag));
  }

  /** Reads an entry without holding the caller's thread. */
  public CompletionStage<Optional<Entry>> getAsync(String key) {
    return entries.readAsync(key, ReadOptions.newest());
  }

  /** Reads what is known about an entry without its value; empty when the key does not exist. */
  public Optional<Metadata> head(String key) {
    String valid = Keys.valid(key);
    try (Response response = requests.read(api -> api.head(valid, ReadOptions.newest()))) {
      return Optional.of(Metadata.of(response));
    } catch (KeyNotFoundException absent) {
      return Optional.empty();
    }
  }

  /**
   * Waits until a key exists, or until it has another entity tag.
   *
   * <p>The wait is made of requests of at most 20 s each, or less with a shorter read time-out of
   * {@link KeyValueClientBuilder}. An injected client of one server needs a read time-out above 20
   * s.
   *
   * @param key the key
   * @param etag the tag that is known already; null waits for existence only
   * @param timeout how long to wait; the last part below a second is not waited, and the last
   *     answer may take a second more
   * @return the entry; empty when the time is over
   */
  public Optional<Entry> await(String key, @Nullable String etag, Duration timeout) {
    return entries.await(key, etag, timeout);
  }

  /** Writes a text as {@code text/plain;charset=UTF-8}, whatever was there before. */
  public Written put(String key, String text) {
    return put(key, Value.of(text), PutOptions.none().withContentType(Value.TEXT_TYPE));
  }

  /** Writes a text; the options may name another media type and a condition. */
  public Written put(String key, String text, PutOptions options) {
    boolean typed = options.contentType() != null;
    return put(key, Value.of(text), typed ? options : options.withContentType(Value.TEXT_TYPE));
  }

  /**
   * Writes a value.
   *
   * @throws PreconditionFailedException if the condition of the options does not hold
   */
  public Written put(String key, Value value, PutOptions options) {
    String valid = Keys.valid(key);
    return requests.write(
        options.idempotencyKey(),
        (api, name) -> Responses.written(api.put(valid, options.named(name), value.shared())));
  }

  /** Writes a value without holding the caller's thread. */
  public CompletionStage<Written> putAsync(String key, Value value, PutOptions options) {
    String valid = Keys.valid(key);
    return requests.writeAsync(
        options.idempotencyKey(),
        (api, name) ->
            api.putAsync(valid, options.named(name), value.shared()).thenApply(Responses::written));
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

  /**
   * Changes the value of an entry as a function says, again until nobody has written it in between,
   * at most 100 times with short, growing pauses. The media type and a time to live are kept; a new
   * entry is {@code application/octet-stream}. The function may be called several times.
   *
   * @param key the key
   * @param change the new value, of the entry that is there or of none
   * @throws PreconditionFailedException if others came between each time
   */
  public Written update(String key, Function<Optional<Entry>, Value> change) {
    return Update.of(this).run(key, change);
  }

  /** Adds to a decimal number, 0 when the key does not exist; returns the entry with the sum. */
  public Entry increment(String key, long by) {
    return increment(key, BigDecimal.valueOf(by));
  }

  /**
   * As {@link #increment(String, long)}, exactly, with a fraction.
   *
   * @throws KeyValueException PATCH_FAILED if the value is not a decimal number
   */
  public Entry increment(String key, BigDecimal by) {
    return patch(key, "{\"by\":" + by + "}", PatchOptions.increment());
  }

  /**
   * Changes a JSON value by a JSON Patch (RFC 6902) and returns the new entry.
   *
   * @throws KeyNotFoundException if the key does not exist
   * @throws KeyValueException PATCH_FAILED if it cannot be applied
   */
  public Entry patch(String key, String jsonPatch) {
    return patch(key, jsonPatch, PatchOptions.jsonPatch());
  }

  /** As {@link #patch(String, String)}, by a JSON Merge Patch (RFC 7396). */
  public Entry merge(String key, String jsonMergePatch) {
    return patch(key, jsonMergePatch, PatchOptions.mergePatch());
  }

  /** Changes a value by a patch of any kind, with a condition or an idempotency key. */
  public Entry patch(String key, String patch, PatchOptions options) {
    String valid = Keys.valid(key);
    byte[] json = patch.getBytes(StandardCharsets.UTF_8);
    return requests.write(
        options.idempotencyKey(),
        (api, name) -> Responses.patched(valid, api.patch(valid, options.named(name), json)));
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
    return requests.write(null, (api, name) -> api.deleteRange(range, all, name)).deleted();
  }

  /** Reads one page of a range. */
  public Page list(KeyRange range, ListOptions options) {
    return Page.of(requests.read(api -> api.list(range, options)));
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
    return count(range, ListOptions.defaults());
  }

  /** Counts the keys of a range at an earlier revision, or as the node has it that is asked. */
  public long count(KeyRange range, ListOptions options) {
    ListOptions counting = options.countingOnly();
    return requests.read(api -> api.list(range, counting)).count();
  }

  /**
   * Streams a range as newline-delimited JSON, at one point in time and in constant memory. The
   * caller closes the stream; a stream that breaks throws {@link java.io.IOException}, as another
   * node would go on from another point in time. {@link #entries} goes on where a node has ended.
   */
  public InputStream export(KeyRange range) {
    return requests.read(api -> Responses.body(api.export(range)));
  }

  /** Begins to describe a transaction; nothing is sent before it is committed. */
  public Transaction transaction() {
    return new Transaction(requests);
  }

  /**
   * Does many operations, each by itself, while the results are used; both may be endless. They are
   * done in order, up to 1000 or 1 MiB of them in one request. A result that says that the outcome
   * is not known is followed by those of the later operations. Close the stream to stop early.
   *
   * <p>In a cluster, operations whose results are missing when a connection breaks are sent again
   * under the name that they had, and are not done twice. A result that says that its operation was
   * not done is handed out: to do it later would be out of order.
   */
  public Stream<BatchResult> batch(Stream<? extends BatchOperation> operations) {
    Batch batch = new Batch(requests, operations.iterator());
    return StreamSupport.stream(
            Spliterators.spliteratorUnknownSize(batch, Spliterator.ORDERED), false)
        .onClose(batch::close)
        .onClose(operations::close);
  }

  /** Grants, renews and revokes leases. */
  public Leases leases() {
    return new Leases(requests);
  }

  /**
   * Watches changes as they happen. When this returns, the watch has begun: later changes are
   * delivered. It reads on a thread of its own; see {@link #watch(WatchOptions, Executor)}.
   *
   * @throws KeyValueException if the first connection fails; later ones are tried again
   */
  public Watch watch(WatchOptions options) {
    return watches.open(options);
  }

  /** Watches with a reader on a thread of an executor, which it keeps until it is closed. */
  public Watch watch(WatchOptions options, Executor reader) {
    return watches.open(options, reader);
  }

  /**
   * Reads one page of the retained versions of a key, the newest first.
   *
   * @param key the key
   * @param limit most versions on the page, 1..1000
   * @param cursor of the page before; null for the first page
   */
  public HistoryPage history(String key, int limit, @Nullable String cursor) {
    String valid = Keys.valid(key);
    return HistoryPage.of(requests.read(api -> api.history(valid, limit, cursor)));
  }

  /** Streams the retained versions of a key, the newest first, a page at a time. */
  public Stream<Change> history(String key) {
    return Stream.iterate(
            Optional.of(history(key, HISTORY_PAGE, null)),
            Optional::isPresent,
            page -> page.map(HistoryPage::cursor).map(next -> history(key, HISTORY_PAGE, next)))
        .flatMap(Optional::stream)
        .flatMap(page -> page.versions().stream());
  }

  /** Gives up the history before a revision and returns the oldest that can be read now. */
  public long compact(long revision) {
    return requests.write(null, (api, name) -> api.compact(revision)).compactedRevision();
  }

  /** Gives up all history and returns the oldest revision that can be read now. */
  public long compact() {
    return requests.write(null, (api, name) -> api.compact(null)).compactedRevision();
  }

  /**
   * Backs up the whole store as of one moment, while writes go on, in constant memory. The archive
   * is checked as it passes; what was written to the stream is none unless this returns.
   *
   * @return what the archive says of itself
   * @throws IOException if the archive is broken or cannot be written
   */
  public ArchiveHead backup(OutputStream archive) throws IOException {
    return backups.backup(archive);
  }

  /**
   * Replaces everything in the store by an archive that {@link #backup} wrote. Revisions go on
   * above all that were ever given out, and watches end, as history begins anew. A bad archive
   * changes nothing.
   *
   * @throws InvalidRequestException if the archive is truncated, altered or none, or in clear while
   *     the server encrypts
   */
  public RestoredDocument restore(InputStream archive) {
    return backups.restore(() -> archive, -1, Backups.Kind.ENCRYPTED);
  }

  /**
   * As {@link #restore(InputStream)}, from a file. It is checked before any of it is sent.
   *
   * @throws IOException if it is truncated, altered or none, or cannot be read
   */
  public RestoredDocument restore(Path archive) throws IOException {
    return backups.restore(archive, Backups.Kind.ENCRYPTED);
  }

  /**
   * As {@link #restore(Path)}, also if the archive is in clear and the server encrypts, which then
   * encrypts it. Only checksums vouch for such an archive, and anybody can make them.
   *
   * @throws IOException if it is truncated, altered or none, or cannot be read
   */
  public RestoredDocument restoreUnencrypted(Path archive) throws IOException {
    return backups.restore(archive, Backups.Kind.UNENCRYPTED_TOO);
  }

  /**
   * Makes a copy on the server's own disk, by hard links, on which a server can be started. A node
   * of a cluster does not: it is backed up with {@link #backup}.
   *
   * @throws KeyNotFoundException if the server has no {@code kv.backup.dir}
   */
  public CheckpointDocument checkpoint() {
    return requests.once(Transport.WRITE, KeyValueApi::checkpoint);
  }

  /** Reads the state of the service. */
  public StatusDocument status() {
    return requests.read(KeyValueApi::status);
  }

  /** Reads what a node knows of its cluster; empty when the server is not in one. */
  public Optional<ClusterDocument> cluster() {
    try {
      return Optional.of(requests.read(KeyValueApi::cluster));
    } catch (KeyNotFoundException single) {
      return Optional.empty();
    }
  }

  /** Makes a node a member of the cluster, as {@link KeyValueApi#addNode} says. */
  public ClusterDocument addNode(String id, String raftAddress) {
    return membership.add(id, raftAddress);
  }

  /** Begins to take a node out of the cluster, as {@link KeyValueApi#removeNode} says. */
  public ClusterDocument removeNode(String id) {
    return membership.remove(id);
  }

  /** Has a node give up all leadership, as {@link KeyValueApi#drainNode} says. */
  public ClusterDocument drainNode(String id) {
    return membership.drain(id);
  }

  /** Lets a node lead again. */
  public ClusterDocument undrainNode(String id) {
    return membership.undrain(id);
  }

  /** Begins to spread the leaders of shards evenly over the nodes. */
  public ClusterDocument rebalance() {
    return membership.rebalance();
  }

  /** Whether the service can be reached and takes requests; of a cluster, whether any node does. */
  public boolean isReady() {
    try (Response response = requests.once(Transport.READ, KeyValueApi::ready)) {
      return response.getStatus() == Response.Status.OK.getStatusCode();
    } catch (UnavailableException notNow) {
      return false;
    }
  }

  /**
   * Closes the connections of a client that {@link #connect} or the builder made; those of an
   * injected one end with the application. Watches are not among them: each is closed by itself.
   */
  @Override
  public void close() {
    requests.close();
  }

  private boolean remove(String key, @Nullable String ifMatch) {
    String valid = Keys.valid(key);
    try {
      return requests.write(
          null, (api, name) -> Responses.isDone(api.delete(valid, ifMatch, name)));
    } catch (KeyNotFoundException absent) {
      return false;
    }
  }
}
