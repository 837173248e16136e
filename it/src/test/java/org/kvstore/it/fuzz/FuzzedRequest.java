package org.kvstore.it.fuzz;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/**
 * A request as it is sent.
 *
 * @param endpoint what it was drawn for, which it may miss
 * @param bytes all of it
 * @param isSound whether it is HTTP, so that an application answers it; what it says may be
 *     nonsense
 * @param endsStream whether the client then closes its side, so that nothing may wait for more; one
 *     that does not has to be answered all the same
 */
record FuzzedRequest(Endpoint endpoint, byte[] bytes, boolean isSound, boolean endsStream) {
  private static final int SHOWN = 1_500;

  private static final List<String> METHODS =
      List.of("GET", "HEAD", "PUT", "POST", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW", "get");

  private static final List<String> UNSOUND_METHODS =
      List.of("", "G\u0000T", "CONNECT", "G(T", "\t");
  private static final List<String> VERSIONS =
      List.of(
          "HTTP/1.0", "HTTP/1.2", "HTTP/2.0", "HTTP/0.9", "http/1.1", "FTP/1.1", "", "HTTP/1.1x");

  private static final Pattern SOUND_TARGET = Pattern.compile("/[\\x21-\\x7e]{0,8000}");

  /** Draws a request for an endpoint. */
  static FuzzedRequest draw(Draw draw, List<Endpoint> endpoints, List<String> tokens) {
    Endpoint endpoint = endpoint(draw, endpoints);
    boolean isSound = true;
    String method = endpoint.method();
    if (draw.oneIn(12)) {
      method = draw.of(METHODS);
    } else if (draw.oneIn(200)) {
      method = draw.of(UNSOUND_METHODS);
      isSound = false;
    }
    String version = "HTTP/1.1";
    if (draw.oneIn(150)) {
      version = draw.of(VERSIONS);
      isSound = false;
    }
    String target = new Target(draw, tokens).of(endpoint, method);
    isSound &= SOUND_TARGET.matcher(target).matches();
    boolean hasBody = endpoint.types().isEmpty() == draw.oneIn(20);
    Framing framing = hasBody ? Framing.draw(draw, new Body(draw).of(endpoint)) : Framing.none();
    List<String> lines = new ArrayList<>(List.of(method + " " + target + " " + version));
    isSound &= addHeaders(lines, draw, endpoint) & framing.isSound();
    byte[] head = latin(String.join("\r\n", framing.linesAfter(lines)) + "\r\n\r\n");
    if (draw.oneIn(40) && !Target.isRangeDelete(method, endpoint)) {
      head = damaged(head, draw);
      isSound = false;
    }
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    all.writeBytes(head);
    all.writeBytes(framing.bytes());
    boolean endsStream = !isSound || draw.oneIn(2);
    return new FuzzedRequest(endpoint, all.toByteArray(), isSound, endsStream);
  }

  /** Those that keep the whole store busy are fewer. */
  private static Endpoint endpoint(Draw draw, List<Endpoint> endpoints) {
    Endpoint endpoint = draw.of(endpoints);
    boolean isSkipped = endpoint.path().startsWith("/v1/admin/") && !draw.oneIn(8);
    return isSkipped ? endpoint(draw, endpoints) : endpoint;
  }

  private static boolean addHeaders(List<String> lines, Draw draw, Endpoint endpoint) {
    boolean areSound = true;
    if (draw.oneIn(100)) {
      areSound = false;
    } else {
      lines.add("Host: 127.0.0.1");
    }
    if (!endpoint.types().isEmpty() && !draw.oneIn(10)) {
      String type = draw.of(endpoint.types());
      lines.add("Content-Type: " + (type.equals("*/*") ? "application/octet-stream" : type));
    }
    for (int more = draw.below(3); more > 0; more--) {
      Header header = Header.draw(draw);
      lines.add(header.line());
      areSound &= header.isSound();
    }
    return areSound;
  }

  private static byte[] damaged(byte[] head, Draw draw) {
    byte[] damaged = head.clone();
    for (int i = draw.below(3); i >= 0; i--) {
      damaged[draw.below(head.length)] = draw.bytes(1)[0];
    }
    return damaged;
  }

  boolean isHead() {
    return startsWith("HEAD ");
  }

  /** Whether it still is one for its endpoint. */
  boolean isForEndpoint() {
    return startsWith(endpoint.method() + " " + endpoint.path().replaceFirst("\\{.*", ""));
  }

  private boolean startsWith(String line) {
    return new String(bytes, 0, Math.min(bytes.length, line.length()), StandardCharsets.ISO_8859_1)
        .equals(line);
  }

  private static byte[] latin(String text) {
    return text.getBytes(StandardCharsets.ISO_8859_1);
  }

  /** So that it can be sent again by hand. */
  @Override
  public String toString() {
    StringBuilder shown = new StringBuilder(isSound ? "sound " : "unsound ");
    for (int i = 0; i < Math.min(bytes.length, SHOWN); i++) {
      int b = bytes[i] & 0xFF;
      if (b == '\r' || b == '\n' || b == '\\') {
        shown.append(b == '\r' ? "\\r" : b == '\n' ? "\\n" : "\\\\");
      } else if (b < ' ' || b > '~') {
        shown.append("\\x%02x".formatted(b));
      } else {
        shown.append((char) b);
      }
    }
    return shown.append(bytes.length > SHOWN ? "... of " + bytes.length : "").toString();
  }
}
