package org.kvstore.it.support;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** A socket that speaks HTTP/1.1 by hand: it sends exactly the bytes that a test wants to send. */
public final class RawConnection implements AutoCloseable {
  /** Longest silence; generous, as the machine may be busy. */
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private static final int CONNECT_MILLIS = 10_000;

  private final Socket socket;
  private final InputStream in;

  public RawConnection(int port) throws IOException {
    this(new Socket(), port);
  }

  /** With a longest silence of its own. */
  public RawConnection(int port, Duration patience) throws IOException {
    this(new Socket(), port);
    socket.setSoTimeout((int) patience.toMillis());
  }

  /** Over an unconnected socket, such as one of TLS. */
  public RawConnection(Socket unconnected, int port) throws IOException {
    socket = unconnected;
    socket.connect(new InetSocketAddress("127.0.0.1", port), CONNECT_MILLIS);
    socket.setSoTimeout((int) PATIENCE.toMillis());
    socket.setTcpNoDelay(true);
    in = new BufferedInputStream(socket.getInputStream(), 1 << 16);
  }

  /** Sends bytes as they are. */
  public RawConnection send(byte[] bytes) throws IOException {
    socket.getOutputStream().write(bytes);
    socket.getOutputStream().flush();
    return this;
  }

  /** Tells the server that nothing more comes; its answers can still be read. */
  public RawConnection sendNoMore() throws IOException {
    socket.shutdownOutput();
    return this;
  }

  /**
   * Reads one answer.
   *
   * @param request the request line that it answers
   * @throws EOFException when the connection ends before the answer does
   */
  public Answer read(String request) throws IOException {
    return readBody(readHead(request));
  }

  /** Reads the body of an answer whose head has been read. */
  public Answer readBody(Answer head) throws IOException {
    boolean empty =
        head.request().startsWith("HEAD ") || head.status() == 204 || head.status() == 304;
    byte[] body = empty ? new byte[0] : body(head.headers());
    return new Answer(head.request(), head.status(), head.headers(), body);
  }

  /** What follows the head of an answer, undecoded. */
  public InputStream rest() {
    return in;
  }

  /** Reads the head of an answer alone; {@link #rest} is its body. */
  public Answer readHead(String request) throws IOException {
    String statusLine = line();
    while (statusLine.matches("HTTP/\\S+ 1[0-9][0-9].*")) {
      headers();
      statusLine = line();
    }
    int status = Integer.parseInt(statusLine.split(" ", 3)[1]);
    return new Answer(request, status, headers(), new byte[0]);
  }

  @Override
  public void close() {
    try {
      socket.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private Map<String, List<String>> headers() throws IOException {
    Map<String, List<String>> headers = new HashMap<>();
    for (String line = line(); !line.isEmpty(); line = line()) {
      int colon = line.indexOf(':');
      headers
          .computeIfAbsent(
              line.substring(0, colon).toLowerCase(Locale.ROOT), n -> new ArrayList<>())
          .add(line.substring(colon + 1).strip());
    }
    return headers;
  }

  private byte[] body(Map<String, List<String>> headers) throws IOException {
    if (headers.getOrDefault("transfer-encoding", List.of()).contains("chunked")) {
      return chunks();
    }
    List<String> length = headers.get("content-length");
    if (length == null) {
      return in.readAllBytes();
    }
    int expected = Integer.parseInt(length.get(0));
    byte[] body = in.readNBytes(expected);
    if (body.length < expected) {
      throw new EOFException("%d of %d bytes of body".formatted(body.length, expected));
    }
    return body;
  }

  private byte[] chunks() throws IOException {
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    for (byte[] chunk = chunk(); chunk.length > 0; chunk = chunk()) {
      body.writeBytes(chunk);
    }
    return body.toByteArray();
  }

  /** The next chunk of a chunked body; empty at its end. */
  public byte[] chunk() throws IOException {
    int size = Integer.parseInt(line().split(";", 2)[0].strip(), 16);
    byte[] chunk = in.readNBytes(size);
    if (chunk.length < size) {
      throw new EOFException("within a chunk");
    }
    line();
    return chunk;
  }

  private String line() throws IOException {
    ByteArrayOutputStream line = new ByteArrayOutputStream();
    for (int b = in.read(); b != '\n'; b = in.read()) {
      if (b < 0) {
        throw new EOFException("connection closed after '" + line + "'");
      }
      line.write(b);
    }
    return line.toString(StandardCharsets.ISO_8859_1).stripTrailing();
  }
}
