package org.kvstore.it.fuzz;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * How the end of a body is told.
 *
 * @param lines of the head
 * @param bytes after the head
 * @param isSound whether RFC 9112 allows it
 */
record Framing(List<String> lines, byte[] bytes, boolean isSound) {
  private static final String CHUNKED = "Transfer-Encoding: chunked";
  private static final int MAX_CHUNK = 4_096;

  /** Lines of the head that do not go with the body, whatever it is. */
  private static final List<List<String>> WRONG_LENGTHS =
      List.of(
          List.of("Content-Length: -1"),
          List.of("Content-Length: +1"),
          List.of("Content-Length: abc"),
          List.of("Content-Length:"),
          List.of("Content-Length: 0x5"),
          List.of("Content-Length: 1, 1"),
          List.of("Content-Length: 99999999999999999999"),
          List.of("Content-Length: 2147483648"),
          List.of("Content-Length: 3", "Content-Length: 4"),
          List.of("Content-Length: 3", CHUNKED),
          List.of("Transfer-Encoding: gzip, chunked"),
          List.of("Transfer-Encoding: chunked, chunked"),
          List.of("Transfer-Encoding: xchunked"),
          List.of("Transfer-Encoding: chunked\u000b"),
          List.of("Transfer-Encoding:"),
          List.of(CHUNKED, CHUNKED),
          List.of());

  /** What may stand in place of a chunked body. */
  private static final List<String> WRONG_CHUNKS =
      List.of(
          "",
          "zz\r\nab\r\n0\r\n\r\n",
          "-1\r\nab\r\n0\r\n\r\n",
          "2\r\nabXX0\r\n\r\n",
          "2\r\nab",
          "2\r\nab\r\n",
          "5\r\nab\r\n0\r\n\r\n",
          "2\nab\n0\n\n",
          "ffffffffffffffff\r\nab\r\n0\r\n\r\n",
          "7fffffff\r\nab",
          "80000000\r\nab",
          "00000000000000000002\r\nab\r\n0\r\n\r\n",
          "2 \r\nab\r\n0\r\n\r\n",
          "2;" + "e".repeat(20_000) + "\r\nab\r\n0\r\n\r\n",
          "0\r\nbad trailer\r\n\r\n",
          "0\r\n",
          "0\r\nX: " + "t".repeat(40_000) + "\r\n\r\n",
          "\r\n");

  static Framing none() {
    return new Framing(List.of(), new byte[0], true);
  }

  static Framing draw(Draw draw, byte[] body) {
    if (draw.oneIn(12)) {
      return draw.oneIn(2)
          ? new Framing(draw.of(WRONG_LENGTHS), body, false)
          : new Framing(List.of(CHUNKED), latin(draw.of(WRONG_CHUNKS)), false);
    }
    if (draw.oneIn(25)) {
      int length = Math.max(0, body.length + draw.below(20) - 10);
      return new Framing(List.of("Content-Length: " + length), body, length == body.length);
    }
    return draw.oneIn(5)
        ? new Framing(List.of(CHUNKED), chunks(draw, body), true)
        : new Framing(List.of("Content-Length: " + body.length), body, true);
  }

  private static byte[] chunks(Draw draw, byte[] body) {
    ByteArrayOutputStream chunks = new ByteArrayOutputStream();
    String extension = draw.oneIn(4) ? ";name=\"value\"" : "";
    for (int at = 0; at < body.length; ) {
      int size = Math.min(body.length - at, 1 + draw.below(MAX_CHUNK));
      chunks.writeBytes(latin(Integer.toHexString(size) + extension + "\r\n"));
      chunks.write(body, at, size);
      chunks.writeBytes(latin("\r\n"));
      at += size;
    }
    chunks.writeBytes(latin(draw.oneIn(4) ? "0\r\nTrailer-Field: x\r\n\r\n" : "0\r\n\r\n"));
    return chunks.toByteArray();
  }

  /** With more lines before those of the framing. */
  List<String> linesAfter(List<String> others) {
    List<String> all = new ArrayList<>(others);
    all.addAll(lines);
    return all;
  }

  private static byte[] latin(String text) {
    return text.getBytes(StandardCharsets.ISO_8859_1);
  }
}
