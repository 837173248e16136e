package org.kvstore.client;

import jakarta.ws.rs.client.ClientRequestContext;
import jakarta.ws.rs.client.ClientRequestFilter;
import jakarta.ws.rs.core.HttpHeaders;
import java.util.function.Supplier;

/** Says who is asking, in each request, by a token that is asked for each time. */
final class TokenFilter implements ClientRequestFilter {
  private final Supplier<String> token;

  TokenFilter(Supplier<String> token) {
    this.token = token;
  }

  @Override
  public void filter(ClientRequestContext request) {
    request.getHeaders().putSingle(HttpHeaders.AUTHORIZATION, header(token));
  }

  /**
   * The header's value.
   *
   * @throws IllegalStateException when the token cannot be one; it is not in the message
   */
  static String header(Supplier<String> token) {
    String text = token.get();
    if (text == null || !text.matches("[\\x21-\\x7E]+")) {
      throw new IllegalStateException("A token is one or more visible ASCII characters.");
    }
    return "Bearer " + text;
  }
}
