package org.kvstore.client;

import jakarta.annotation.PreDestroy;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.Optional;
import java.util.function.Supplier;
import org.eclipse.microprofile.config.ConfigProvider;
import org.jspecify.annotations.Nullable;

/**
 * The nodes that {@code kvstore.servers} names, for all injected clients of an application. Many of
 * those live for one request; what is known of the nodes, and the connections to them, outlive it.
 *
 * <p>The monitor guards both fields.
 */
@ApplicationScoped
class SharedNodes {
  private @Nullable Link link;
  private boolean closed;

  /**
   * The way to the nodes, or to the one server of the REST client if no nodes are named.
   *
   * @param single the REST client; not asked for otherwise
   * @throws IllegalArgumentException if the configuration is wrong
   */
  Link linkOr(Supplier<KeyValueApi> single) {
    return nodes().orElseGet(() -> ConfiguredClient.single(single.get()));
  }

  private synchronized Optional<Link> nodes() {
    if (closed) {
      throw new IllegalStateException("The application has ended.");
    }
    if (link == null) {
      link = new ConfiguredClient(ConfigProvider.getConfig()).nodes().orElse(null);
    }
    return Optional.ofNullable(link)
        .map(open -> new Link(open.requests().shared(), open.waitStep(), open.connector()));
  }

  /** Closes the connections, with the application. */
  @PreDestroy
  synchronized void close() {
    closed = true;
    if (link != null) {
      link.requests().close();
    }
  }
}
