package org.kvstore.client;

import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.eclipse.microprofile.config.Config;
import org.eclipse.microprofile.config.ConfigProvider;
import org.jspecify.annotations.Nullable;
import org.kvstore.api.Durations;

/**
 * What MicroProfile Config says of injected clients: {@code kvstore.servers} and the other {@code
 * kvstore.*}; and for what does not go through the container's REST client, those {@code
 * kvstore/mp-rest/*} that say where the server is, how long to wait for it and whom to trust.
 *
 * @param config the application's configuration
 */
record ConfiguredClient(Config config) {
  private static final String SERVERS = "kvstore.servers";
  private static final String TOTAL_TIMEOUT = "kvstore.total-timeout";
  private static final String NODE_REFRESH = "kvstore.node-refresh";
  private static final String REST_CLIENT = "kvstore/mp-rest/";
  private static final String DEFAULT_SERVER = "http://127.0.0.1:8080";
  private static final Duration WAIT_STEP = Duration.ofSeconds(20);

  /** The way to the one server of a REST client, which the container closes. */
  static Link single(KeyValueApi api) {
    return new Link(
        new SingleServer(api, false),
        WAIT_STEP,
        () -> new ConfiguredClient(ConfigProvider.getConfig()).connector());
  }

  /**
   * A way to the servers that the configuration lists; empty if it lists none.
   *
   * @throws IllegalArgumentException if the list, or what belongs to it, is wrong
   */
  Optional<Link> nodes() {
    return text(SERVERS).map(this::nodes);
  }

  private Link nodes(String servers) {
    try {
      KeyValueClientBuilder builder = new KeyValueClientBuilder(Servers.parse(servers));
      millis("connectTimeout").ifPresent(builder::connectTimeout);
      millis("readTimeout").ifPresent(builder::readTimeout);
      duration(TOTAL_TIMEOUT).ifPresent(builder::totalTimeout);
      duration(NODE_REFRESH).ifPresent(builder::nodeRefresh);
      Link link = builder.certificates(certificates()).onCallersThread().link();
      // Requests have their token from CallerHeaders.
      Supplier<String> token = ConfiguredToken.of(config);
      Supplier<Connector> connector = link.connector();
      return new Link(
          link.requests(), link.waitStep(), new FirstCall<>(() -> connector.get().with(token)));
    } catch (IllegalArgumentException wrong) {
      throw new IllegalArgumentException(
          "The configuration of the client is wrong: " + wrong.getMessage(), wrong);
    }
  }

  /** What opens the watches and sends the archives of a client of one server. */
  Connector connector() {
    URI server = URI.create(restClient("uri").or(() -> restClient("url")).orElse(DEFAULT_SERVER));
    Times times =
        new Times(
            millis("connectTimeout").orElse(KeyValueClientBuilder.CONNECT_TIMEOUT),
            millis("readTimeout").orElse(KeyValueClientBuilder.READ_TIMEOUT),
            Connector.MOST_IDLE);
    return Connector.of(() -> List.of(server), times, certificates().context())
        .with(ConfiguredToken.of(config));
  }

  private Certificates certificates() {
    ConfiguredStore trusted = store("trustStore");
    ConfiguredStore own = store("keyStore");
    Certificates certificates = Certificates.DEFAULT;
    if (trusted != null) {
      certificates = certificates.trusting(trusted.load());
    }
    return own == null ? certificates : certificates.owning(own.load(), own.password());
  }

  private @Nullable ConfiguredStore store(String name) {
    return restClient(name)
        .map(
            location ->
                new ConfiguredStore(
                    location,
                    restClient(name + "Type").orElse("JKS"),
                    restClient(name + "Password").orElse("").toCharArray()))
        .orElse(null);
  }

  private Optional<Duration> millis(String name) {
    return config.getOptionalValue(REST_CLIENT + name, Long.class).map(Duration::ofMillis);
  }

  private Optional<Duration> duration(String name) {
    return text(name)
        .map(
            text ->
                Durations.parse(text)
                    .orElseThrow(
                        () ->
                            new IllegalArgumentException(
                                "%s is a duration, such as 30s, not %s".formatted(name, text))));
  }

  private Optional<String> restClient(String name) {
    return text(REST_CLIENT + name);
  }

  private Optional<String> text(String name) {
    return config.getOptionalValue(name, String.class);
  }
}
