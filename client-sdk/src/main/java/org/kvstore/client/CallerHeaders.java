package org.kvstore.client;

import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MultivaluedHashMap;
import jakarta.ws.rs.core.MultivaluedMap;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Supplier;
import org.eclipse.microprofile.config.Config;
import org.eclipse.microprofile.rest.client.ext.ClientHeadersFactory;
import org.jspecify.annotations.Nullable;

/**
 * Says for whom an injected client asks: for the application, whose token is in the file that
 * {@code kvstore.token-file} names or in {@code kvstore.token}; else for whoever sent the request
 * that the application is answering, if {@code
 * org.eclipse.microprofile.rest.client.propagateHeaders} has {@code Authorization} among its names,
 * as MicroProfile REST Client section 2.4 describes.
 *
 * <p>A client that was built has the token of its builder instead.
 */
public final class CallerHeaders implements ClientHeadersFactory {
  private static final String PROPAGATE = "org.eclipse.microprofile.rest.client.propagateHeaders";

  @Override
  public MultivaluedMap<String, String> update(
      MultivaluedMap<String, String> incoming, MultivaluedMap<String, String> outgoing) {
    MultivaluedMap<String, String> headers = new MultivaluedHashMap<>();
    Config config = ConfiguredToken.config();
    if (config == null) {
      return headers;
    }
    Set<String> propagated = new TreeSet<>(String.CASE_INSENSITIVE_ORDER);
    propagated.addAll(config.getOptionalValues(PROPAGATE, String.class).orElse(List.of()));
    incoming.forEach(
        (name, values) -> {
          if (propagated.contains(name)) {
            headers.addAll(name, values);
          }
        });
    @Nullable Supplier<String> token = ConfiguredToken.of(config);
    if (token != null) {
      headers.putSingle(HttpHeaders.AUTHORIZATION, TokenFilter.header(token));
    }
    return headers;
  }
}
