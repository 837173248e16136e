package org.kvstore.server.api;

import jakarta.servlet.http.HttpServletRequest;
import jakarta.ws.rs.core.HttpHeaders;
import java.util.Enumeration;
import java.util.Set;
import java.util.regex.Pattern;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.KeyValueException;

/**
 * Refuses requests whose head the container lets pass although it means nothing, or leaves open
 * where the body ends (RFC 9112, section 6.3): a body would be lost or misread.
 */
final class Framing {
  private static final Set<String> METHODS =
      Set.of("GET", "HEAD", "PUT", "POST", "DELETE", "PATCH", "OPTIONS");

  /** A head that names another one is not read as that version would have it. */
  private static final Set<String> VERSIONS = Set.of("HTTP/1.1", "HTTP/1.0");

  /** Where a POST or PUT means something without a body. */
  private static final Pattern WITHOUT_BODY = Pattern.compile("/v1/(leases/|admin/)");

  private static final String HOST_PUNCTUATION = "._:[]-";
  private static final int MAX_HOST = 300;
  private static final Pattern BAD_WEIGHT =
      Pattern.compile(";\\s*q=(?!(0(\\.[0-9]{0,3})?|1(\\.0{0,3})?)\\s*([,;]|$))");
  private static final Pattern LENGTH = Pattern.compile("[0-9]{1,18}");

  private Framing() {}

  /**
   * Lets a request pass or not.
   *
   * @throws KeyValueException naming the header and what is wrong with it
   */
  static void check(HttpServletRequest request) {
    if (!METHODS.contains(request.getMethod())) {
      throw KeyValueException.of(ErrorCode.METHOD_NOT_ALLOWED, "The method is not known.");
    }
    if (!VERSIONS.contains(request.getProtocol())) {
      throw KeyValueException.invalid("version", "HTTP/1.1 is spoken here.");
    }
    String host = request.getHeader("Host");
    if (host != null && !isHost(host)) {
      throw KeyValueException.invalid("Host", "It is not a host name or address.");
    }
    if (count(request, "Host") != 1 && request.getProtocol().equals("HTTP/1.1")) {
      throw KeyValueException.invalid("Host", "A request names its host, and one only.");
    }
    String accept = request.getHeader("Accept");
    if (accept != null && accept.indexOf("q=") >= 0 && BAD_WEIGHT.matcher(accept).find()) {
      throw KeyValueException.invalid("Accept", "A weight is from q=0 to q=1.");
    }
    if (count(request, HttpHeaders.AUTHORIZATION) > 1) {
      throw KeyValueException.invalid(HttpHeaders.AUTHORIZATION, "There is more than one of it.");
    }
    checkBody(request);
  }

  private static void checkBody(HttpServletRequest request) {
    String length = request.getHeader("Content-Length");
    String transfer = request.getHeader("Transfer-Encoding");
    if (length != null && !LENGTH.matcher(length).matches()) {
      throw KeyValueException.invalid("Content-Length", "It is not a length.");
    }
    if (length == null && transfer == null && needsLength(request)) {
      throw KeyValueException.invalid(
          "Content-Length", "A request that may have a body says how long it is.");
    }
    if (transfer != null
        && (!transfer.equalsIgnoreCase("chunked") || count(request, "Transfer-Encoding") > 1)) {
      throw KeyValueException.invalid("Transfer-Encoding", "Only 'chunked' is understood.");
    }
    String coding = request.getHeader("Content-Encoding");
    if (coding != null && !coding.equalsIgnoreCase("identity")) {
      throw KeyValueException.of(
              ErrorCode.UNSUPPORTED_MEDIA_TYPE, "Bodies are sent without a Content-Encoding.")
          .withField("Content-Encoding");
    }
  }

  /** How many headers of a name there are. */
  private static int count(HttpServletRequest request, String name) {
    int count = 0;
    for (Enumeration<String> all = request.getHeaders(name); all.hasMoreElements(); count++) {
      all.nextElement();
    }
    return count;
  }

  private static boolean isHost(String host) {
    for (int i = 0; i < host.length(); i++) {
      char c = host.charAt(i);
      boolean plain = c < 0x80 && Character.isLetterOrDigit(c);
      if (!plain && HOST_PUNCTUATION.indexOf(c) < 0) {
        return false;
      }
    }
    return host.length() <= MAX_HOST;
  }

  /**
   * Liberty drops a malformed Content-Length and hands on an empty body. Without this, such a PUT
   * would replace a value by nothing.
   */
  private static boolean needsLength(HttpServletRequest request) {
    return Bodies.METHODS.contains(request.getMethod())
        && !WITHOUT_BODY.matcher(RequestGate.originalPath(request)).find();
  }
}
