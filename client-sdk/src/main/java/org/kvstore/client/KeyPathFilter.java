package org.kvstore.client;

import jakarta.ws.rs.client.ClientRequestContext;
import jakarta.ws.rs.client.ClientRequestFilter;
import java.net.URI;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Writes the key of a request path in one canonical form: {@code /} between segments, and every
 * byte that is not unreserved in RFC 3986 section 2.3 as a percent escape.
 *
 * <p>Implementations of the REST client leave {@code ;} in a path, where a server takes it for the
 * start of a matrix parameter, and differ on {@code /}, {@code +} and others. All of them escape
 * {@code %}, so what an escape means is unambiguous here, whichever characters were escaped.
 */
public final class KeyPathFilter implements ClientRequestFilter {
  /** What comes before a key. Each is found in keys too, so the first one in a path counts. */
  private static final Pattern BEFORE_KEY = Pattern.compile("/v1/(kv|history)/");

  private static final String UNRESERVED_PUNCTUATION = "-._~";
  private static final String ESCAPED_SLASH = "%2F";

  /** Called by the REST client. */
  public KeyPathFilter() {}

  @Override
  public void filter(ClientRequestContext request) {
    URI uri = request.getUri();
    String path = uri.getRawPath();
    Matcher before = BEFORE_KEY.matcher(path);
    if (!before.find()) {
      return;
    }
    int key = before.end();
    String query = uri.getRawQuery() == null ? "" : "?" + uri.getRawQuery();
    String canonical = path.substring(0, key) + canonical(path.substring(key)) + query;
    request.setUri(URI.create(uri.getScheme() + "://" + uri.getRawAuthority() + canonical));
  }

  /** Escapes what is neither escaped nor unreserved. The input is ASCII, as raw paths are. */
  private static String canonical(String rawKey) {
    StringBuilder result = new StringBuilder(rawKey.length() + 16);
    for (int i = 0; i < rawKey.length(); i++) {
      char c = rawKey.charAt(i);
      if (c == '%' && rawKey.regionMatches(true, i, ESCAPED_SLASH, 0, ESCAPED_SLASH.length())) {
        result.append('/');
        i += ESCAPED_SLASH.length() - 1;
      } else if (c == '%' || c == '/' || isUnreserved(c)) {
        result.append(c);
      } else {
        result.append("%%%02X".formatted((int) c));
      }
    }
    return result.toString();
  }

  private static boolean isUnreserved(char c) {
    return (c >= 'a' && c <= 'z')
        || (c >= 'A' && c <= 'Z')
        || (c >= '0' && c <= '9')
        || UNRESERVED_PUNCTUATION.indexOf(c) >= 0;
  }
}
