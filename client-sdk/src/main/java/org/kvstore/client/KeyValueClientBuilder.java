package org.kvstore.client;

import java.net.URI;
import java.security.KeyStore;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import javax.net.ssl.SSLContext;
import org.eclipse.microprofile.rest.client.RestClientBuilder;
import org.jspecify.annotations.Nullable;

/**
 * Builds a client outside of a container. It needs an implementation of the MicroProfile REST
 * client on the class path, such as RESTEasy's.
 *
 * <p>With one address, each request is sent once. With several, or a {@link #totalTimeout}, the
 * client stays with one node, and leaves it for another when it fails. A request is sent again:
 *
 * <ul>
 *   <li>at another node at once, when it was certainly not applied: no connection came about, or
 *       the answer is 503 UNAVAILABLE;
 *   <li>after the time that the service asks for, when it answers 429;
 *   <li>also when the outcome of the first is unknown, because the connection broke or timed out or
 *       the answer is 504, if it changes nothing or is a write with an Idempotency-Key.
 * </ul>
 *
 * <p>When all nodes have been asked, it waits, each time longer, until the time is over. Then the
 * failure is thrown: {@link IndeterminateException} if a write may have been applied.
 */
public final class KeyValueClientBuilder {
  /** Default of {@link #connectTimeout}. */
  public static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(5);

  /** Default of {@link #readTimeout} with one address. */
  public static final Duration READ_TIMEOUT = Duration.ofSeconds(30);

  /** Default of {@link #readTimeout} with several addresses. */
  public static final Duration CLUSTER_READ_TIMEOUT = Duration.ofSeconds(10);

  /** Default of {@link #totalTimeout} with several addresses. */
  public static final Duration TOTAL_TIMEOUT = Duration.ofSeconds(30);

  /**
   * The longest {@link #totalTimeout}: for so long the service remembers an Idempotency-Key by
   * default.
   */
  public static final Duration MAX_TOTAL_TIMEOUT = Duration.ofMinutes(10);

  /** How often a service sends something on a watch, and as long as a third of that for its way. */
  private static final Duration CLUSTER_SILENCE = Duration.ofSeconds(20);

  private static final Duration LEAST_PAUSE = Duration.ofMillis(100);
  private static final Duration MOST_PAUSE = Duration.ofSeconds(2);

  /** Without a MicroProfile Config, the default mapper cannot be constructed; ours suffices. */
  private static final String WITHOUT_DEFAULT_MAPPER =
      "microprofile.rest.client.disable.default.mapper";

  private final List<URI> servers;
  private Duration connectTimeout = CONNECT_TIMEOUT;
  private @Nullable Duration readTimeout;
  private @Nullable Duration totalTimeout;
  private @Nullable Duration watchSilence;
  private @Nullable Duration nodeRefresh;
  private boolean idempotencyKeys = true;
  private boolean onCallersThread;
  private Certificates certificates = Certificates.DEFAULT;
  private @Nullable Supplier<String> token;
  private Random random = new Random();

  KeyValueClientBuilder(List<URI> servers) {
    this.servers = List.copyOf(servers);
  }

  /** How long to wait for a connection. Default 5 s. */
  public KeyValueClientBuilder connectTimeout(Duration timeout) {
    connectTimeout = positive(timeout);
    return this;
  }

  /**
   * How long to wait for the next bytes of an answer. Default 30 s; with several addresses 10 s,
   * after which another node is asked. A write that times out has an unknown outcome, so set it
   * above the slowest write to be expected.
   */
  public KeyValueClientBuilder readTimeout(Duration timeout) {
    readTimeout = positive(timeout);
    return this;
  }

  /**
   * How long a request may take in all, when it is sent again: at least 1 ms, at most 10 min.
   * Default 30 s with several addresses; with one, a request is sent once unless this is set.
   */
  public KeyValueClientBuilder totalTimeout(Duration timeout) {
    if (positive(timeout).compareTo(MAX_TOTAL_TIMEOUT) > 0) {
      throw new IllegalArgumentException("A request takes 10 min at most, not " + timeout);
    }
    totalTimeout = timeout;
    return this;
  }

  /**
   * Whether a client that sends requests again gives each write an Idempotency-Key of its own, a
   * random UUID, unless the caller has given one. Default true. Without keys, a write is sent again
   * only if it was certainly not applied.
   */
  public KeyValueClientBuilder idempotencyKeys(boolean each) {
    idempotencyKeys = each;
    return this;
  }

  /**
   * How often to ask the nodes for the list of nodes, {@code GET /v1/cluster}; at least 1 s.
   * Default: never. It is asked beside a request, so an idle client does not ask. The addresses
   * that the client was built with are kept for when no other node answers. Where they are https,
   * others are not believed.
   */
  public KeyValueClientBuilder nodeRefresh(Duration interval) {
    if (interval.toSeconds() < 1) {
      throw new IllegalArgumentException("The list is asked for once a second at most.");
    }
    nodeRefresh = interval;
    return this;
  }

  /**
   * How long a watch may hear nothing before it is opened anew, with several addresses at another
   * node. The service sends something every 15 s at least. Default 45 s; with several addresses 20
   * s.
   */
  public KeyValueClientBuilder watchSilence(Duration silence) {
    watchSilence = positive(silence);
    return this;
  }

  /** Certificates to trust instead of those of the Java runtime. */
  public KeyValueClientBuilder trustStore(KeyStore trusted) {
    certificates = certificates.trusting(trusted);
    return this;
  }

  /**
   * The key pair whose certificate says who is asking, if the service asks for one. It is never
   * logged.
   *
   * @param password that protects the private key
   */
  public KeyValueClientBuilder keyStore(KeyStore pair, char[] password) {
    certificates = certificates.owning(pair, password);
    return this;
  }

  /** The token that says who is asking. It is never logged. */
  public KeyValueClientBuilder token(String text) {
    return token(() -> text);
  }

  /**
   * The token that says who is asking, asked for at each request: a short-lived one may change. It
   * is never logged.
   */
  public KeyValueClientBuilder token(Supplier<String> supplier) {
    token = supplier;
    return this;
  }

  /** What TLS connections are made with, instead of all that was said of it before. */
  KeyValueClientBuilder certificates(Certificates all) {
    certificates = all;
    return this;
  }

  /**
   * Lets the caller's own thread send each request, as a container may know something of it that
   * goes into the request. A request may then take longer than its time by that of one answer.
   */
  KeyValueClientBuilder onCallersThread() {
    onCallersThread = true;
    return this;
  }

  /** What chooses the first node and shortens pauses. */
  KeyValueClientBuilder random(Random source) {
    random = source;
    return this;
  }

  /**
   * Builds the client. No connection is made yet.
   *
   * @throws IllegalArgumentException if a server is not an http or https URL, or the key stores
   *     cannot be used
   */
  public KeyValueClient build() {
    return new KeyValueClient(link());
  }

  /** What a client is made of; as {@link #build}. */
  Link link() {
    List<URI> checked = servers.stream().map(Servers::checked).distinct().toList();
    boolean several = checked.size() > 1 || nodeRefresh != null;
    SSLContext context = certificates.context();
    Times times = times(several);
    return several || totalTimeout != null
        ? ofCluster(checked, times, context)
        : ofOne(servers.get(0), times, context);
  }

  private Times times(boolean several) {
    Duration answer = several ? CLUSTER_READ_TIMEOUT : READ_TIMEOUT;
    Duration silence = several ? CLUSTER_SILENCE : Connector.MOST_IDLE;
    return new Times(
        connectTimeout,
        Objects.requireNonNullElse(readTimeout, answer),
        Objects.requireNonNullElse(watchSilence, silence));
  }

  private Link ofOne(URI server, Times times, @Nullable SSLContext context) {
    Supplier<String> bearer = token;
    return new Link(
        new SingleServer(api(server, times, context), true),
        times.waitStep(),
        () -> Connector.of(() -> List.of(server), times, context).with(bearer));
  }

  private Link ofCluster(List<URI> seeds, Times given, @Nullable SSLContext context) {
    Duration total = Objects.requireNonNullElse(totalTimeout, TOTAL_TIMEOUT);
    Times times = given.within(total);
    Nodes nodes = new Nodes(seeds, uri -> api(uri, times, context), random, System::nanoTime);
    Attempts attempts = Attempts.of(onCallersThread ? Duration.ZERO : times.request());
    Discovery discovery = new Discovery(nodes, nodeRefresh, attempts.threads(), System::nanoTime);
    Backoff pauses = new Backoff(LEAST_PAUSE, MOST_PAUSE, random);
    Supplier<String> bearer = token;
    return new Link(
        new ClusterRequests(nodes, discovery, attempts, pauses, total, idempotencyKeys, true),
        times.waitStep(),
        () -> Connector.of(nodes::servers, times, context).with(bearer));
  }

  private KeyValueApi api(URI server, Times times, @Nullable SSLContext context) {
    RestClientBuilder builder =
        RestClientBuilder.newBuilder()
            .baseUri(server)
            .property(WITHOUT_DEFAULT_MAPPER, true)
            .connectTimeout(times.connect().toMillis(), TimeUnit.MILLISECONDS)
            .readTimeout(times.answer().toMillis(), TimeUnit.MILLISECONDS);
    if (context != null) {
      builder.sslContext(context);
    }
    Supplier<String> bearer = token;
    if (bearer != null) {
      builder.register(new TokenFilter(bearer));
    }
    return builder.build(KeyValueApi.class);
  }

  private static Duration positive(Duration timeout) {
    if (timeout.toMillis() < 1) {
      throw new IllegalArgumentException("A time-out is at least 1 ms, not " + timeout);
    }
    return timeout;
  }
}
