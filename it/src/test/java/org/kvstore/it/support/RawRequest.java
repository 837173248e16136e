package org.kvstore.it.support;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;

/**
 * A request made by hand. Nothing is encoded, checked or added but {@code Host}, {@code Connection:
 * close} and the length of the body.
 */
public final class RawRequest {
  private final int port;
  private final String line;
  private final StringBuilder headers = new StringBuilder();
  private byte[] body = new byte[0];
  private boolean framed;
  private boolean keptAlive;

  RawRequest(int port, String method, String target) {
    this.port = port;
    line = method + " " + target + " HTTP/1.1";
  }

  /** Adds a header line. */
  public RawRequest header(String name, String value) {
    headers.append(name).append(": ").append(value).append("\r\n");
    return this;
  }

  /** Sets a body, with its Content-Length. */
  public RawRequest body(byte[] bytes) {
    body = bytes;
    framed = true;
    return header("Content-Length", Integer.toString(bytes.length));
  }

  /** Sets a body of UTF-8, with its Content-Length. */
  public RawRequest body(String text) {
    return body(text.getBytes(StandardCharsets.UTF_8));
  }

  /** Sets the bytes after the head, whatever the headers say about them. */
  public RawRequest unframed(String bytes) {
    body = bytes.getBytes(StandardCharsets.ISO_8859_1);
    framed = true;
    return this;
  }

  /** Sets a body that is sent in chunks of a given size. */
  public RawRequest chunked(byte[] bytes, int size) {
    ByteArrayOutputStream chunks = new ByteArrayOutputStream();
    for (int at = 0; at < bytes.length; at += size) {
      int length = Math.min(size, bytes.length - at);
      chunks.writeBytes((Integer.toHexString(length) + "\r\n").getBytes(StandardCharsets.US_ASCII));
      chunks.write(bytes, at, length);
      chunks.writeBytes("\r\n".getBytes(StandardCharsets.US_ASCII));
    }
    chunks.writeBytes("0\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
    body = chunks.toByteArray();
    framed = true;
    return header("Transfer-Encoding", "chunked");
  }

  /** Leaves the connection open for the next request. */
  public RawRequest keptAlive() {
    keptAlive = true;
    return this;
  }

  /** Sends the request on a connection of its own and reads the answer. */
  public Answer send() {
    try (RawConnection connection = new RawConnection(port)) {
      return connection.send(bytes()).read(line);
    } catch (IOException e) {
      throw new UncheckedIOException(line, e);
    }
  }

  /** Sends the request and leaves the connection to the caller. */
  public RawConnection open() throws IOException {
    return new RawConnection(port).send(bytes());
  }

  int port() {
    return port;
  }

  /** The request line. */
  public String line() {
    return line;
  }

  /** The bytes of the request. Characters of the target up to U+00FF stand for one byte each. */
  public byte[] bytes() {
    StringBuilder head = new StringBuilder(line).append("\r\n");
    if (headers.indexOf("Host: ") < 0) {
      head.append("Host: 127.0.0.1\r\n");
    }
    head.append(keptAlive ? "" : "Connection: close\r\n").append(headers);
    if (!framed && (line.startsWith("PUT ") || line.startsWith("POST "))) {
      head.append("Content-Length: 0\r\n");
    }
    byte[] start = head.append("\r\n").toString().getBytes(StandardCharsets.ISO_8859_1);
    ByteArrayOutputStream all = new ByteArrayOutputStream(start.length + body.length);
    all.writeBytes(start);
    all.writeBytes(body);
    return all.toByteArray();
  }
}
