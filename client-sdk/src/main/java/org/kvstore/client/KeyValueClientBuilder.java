package org.kvstore.client;

import java.net.URI;
import java.security.KeyStore;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import javax.net.ssl.SSLContext;
import org.eclipse.microprofile.rest.client.RestClientBuilder;
import org.jspecify.annotations.Nullable;

/**
 * Builds a client outside of a container. It needs an implementation of the MicroProfile REST
 * client on the class path, such as RESTEasy's.
 */
public final class KeyValueClientBuilder {
  /** Default of {@link #connectTimeout}. */
  public static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(5);

  /** Default of {@link #readTimeout}. */
  public static final Duration READ_TIMEOUT = Duration.ofSeconds(30);

  /** Without a MicroProfile Config, the default mapper cannot be constructed; ours suffices. */
  private static final String WITHOUT_DEFAULT_MAPPER =
      "microprofile.rest.client.disable.default.mapper";

  private final URI server;
  private Duration connectTimeout = CONNECT_TIMEOUT;
  private Duration readTimeout = READ_TIMEOUT;
  private Certificates certificates = Certificates.DEFAULT;
  private @Nullable Supplier<String> token;

  KeyValueClientBuilder(URI server) {
    this.server = server;
  }

  /** How long to wait for a connection. Default 5 s. */
  public KeyValueClientBuilder connectTimeout(Duration timeout) {
    connectTimeout = positive(timeout);
    return this;
  }

  /**
   * How long to wait for the next bytes of an answer. Default 30 s. A write that times out has an
   * unknown outcome, so set it above the slowest write to be expected.
   */
  public KeyValueClientBuilder readTimeout(Duration timeout) {
    readTimeout = positive(timeout);
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

  /**
   * Builds the client. No connection is made yet.
   *
   * @throws IllegalArgumentException if the server is not an http or https URL, or the key stores
   *     cannot be used
   */
  public KeyValueClient build() {
    String scheme = server.getScheme();
    if (server.getHost() == null || !("http".equals(scheme) || "https".equals(scheme))) {
      throw new IllegalArgumentException("A server is an http or https URL, not " + server);
    }
    RestClientBuilder builder =
        RestClientBuilder.newBuilder()
            .baseUri(server)
            .property(WITHOUT_DEFAULT_MAPPER, true)
            .connectTimeout(connectTimeout.toMillis(), TimeUnit.MILLISECONDS)
            .readTimeout(readTimeout.toMillis(), TimeUnit.MILLISECONDS);
    SSLContext context = certificates.context();
    if (context != null) {
      builder.sslContext(context);
    }
    Supplier<String> bearer = token;
    if (bearer != null) {
      builder.register(new TokenFilter(bearer));
    }
    Duration connect = connectTimeout;
    Duration read = readTimeout;
    return new KeyValueClient(
        builder.build(KeyValueApi.class),
        waitStep(),
        true,
        () -> Connector.of(server, connect, read, context).with(bearer));
  }

  /** Two thirds of the read time-out, so that a held answer arrives before it; at most 20 s. */
  private Duration waitStep() {
    Duration step = readTimeout.multipliedBy(2).dividedBy(3);
    Duration most = Duration.ofSeconds(20);
    return step.compareTo(most) > 0 ? most : step;
  }

  private static Duration positive(Duration timeout) {
    if (timeout.toMillis() < 1) {
      throw new IllegalArgumentException("A time-out is at least 1 ms, not " + timeout);
    }
    return timeout;
  }
}
