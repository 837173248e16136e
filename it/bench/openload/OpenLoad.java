import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Locale;
import java.util.Random;
import java.util.Scanner;

/**
 * Requests at a steady pace, whatever the server does (an open loop): each counts from when it was
 * due, so that one that had to wait for a connection is measured with its wait. One thread.
 *
 * <p>{@code OpenLoad PORT KIND}, then a line {@code RATE SECONDS} on standard input for each window,
 * which is answered with a line of JSON.
 */
final class OpenLoad {
  private static final int MOST_CONNECTIONS = 4_000;
  private static final int KEYS = 10_000;
  private static final int OPERATIONS = 100;
  private static final long PATIENCE_NANOS = 30_000_000_000L;

  private final InetSocketAddress server;
  private final Kind kind;
  private final Selector selector;
  private final Random dice = new Random(1);
  private final Deque<Connection> idle = new ArrayDeque<>();
  private int open;
  private int waiting;
  private Window window = new Window();

  /** What is asked for. */
  private enum Kind {
    PUT,
    TXN,
    LIST
  }

  /** What became of the requests of a window. */
  private static final class Window {
    final Latencies done = new Latencies();
    final Latencies refused = new Latencies();
    int retryAfter;
    int failed;
  }

  private static final class Connection {
    final SocketChannel channel;
    ByteBuffer in = ByteBuffer.allocate(64 << 10);
    ByteBuffer out = ByteBuffer.allocate(0);
    SelectionKey key;
    long dueAt;

    Connection(SocketChannel channel) {
      this.channel = channel;
    }
  }

  private OpenLoad(int port, Kind kind) throws IOException {
    server = new InetSocketAddress("127.0.0.1", port);
    this.kind = kind;
    selector = Selector.open();
  }

  public static void main(String[] args) throws IOException {
    OpenLoad load =
        new OpenLoad(
            Integer.parseInt(args[0]), Kind.valueOf(args[1].toUpperCase(Locale.ROOT)));
    Scanner orders = new Scanner(System.in, StandardCharsets.US_ASCII);
    while (orders.hasNext()) {
      System.out.println(load.run(orders.nextInt(), orders.nextInt()));
    }
  }

  /** Sends for so long, and waits for the answers. */
  private String run(int perSecond, int seconds) throws IOException {
    window = new Window();
    long step = 1_000_000_000L / perSecond;
    long due = System.nanoTime();
    long end = due + seconds * 1_000_000_000L;
    while (due < end) {
      while (due <= System.nanoTime() && due < end && send(due)) {
        due += step;
      }
      selector.select(this::ready, 1);
    }
    long last = System.nanoTime() + PATIENCE_NANOS;
    while (waiting > 0 && System.nanoTime() < last) {
      selector.select(this::ready, 10);
    }
    return String.format(
        Locale.ROOT,
        "{\"done\":%d,\"refused\":%d,\"retryAfter\":%d,\"failed\":%d,\"unanswered\":%d,"
            + "\"latency\":%s,\"refusal\":%s}",
        window.done.count(),
        window.refused.count(),
        window.retryAfter,
        window.failed,
        waiting,
        window.done.json(),
        window.refused.json());
  }

  /** False when it has to wait for a connection. */
  private boolean send(long due) throws IOException {
    Connection connection = idle.poll();
    if (connection == null) {
      if (open >= MOST_CONNECTIONS) {
        return false;
      }
      open++;
      SocketChannel channel = SocketChannel.open(server);
      channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
      channel.configureBlocking(false);
      connection = new Connection(channel);
      connection.key = channel.register(selector, SelectionKey.OP_READ, connection);
    }
    connection.dueAt = due;
    connection.out = ByteBuffer.wrap(request().getBytes(StandardCharsets.US_ASCII));
    waiting++;
    write(connection);
    return true;
  }

  private String request() {
    return switch (kind) {
      case PUT -> "PUT /v1/kv/put/" + dice.nextInt(KEYS) + head(100) + "v".repeat(100);
      case TXN -> {
        StringBuilder body = new StringBuilder("{\"then\":[");
        int first = dice.nextInt(KEYS);
        for (int i = 0; i < OPERATIONS; i++) {
          body.append(i == 0 ? "" : ",")
              .append("{\"op\":\"put\",\"key\":\"txn/")
              .append((first + i * 97) % KEYS)
              .append("\",\"value\":\"")
              .append("v".repeat(100))
              .append("\"}");
        }
        body.append("]}");
        yield "POST /v1/txn" + head(body.length()) + body;
      }
      case LIST -> "GET /v1/kv?limit=500&start=" + dice.nextInt(10) + head(0);
    };
  }

  private static String head(int length) {
    return " HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        + (length == 0 ? "" : "Content-Type: application/json\r\nContent-Length: " + length + "\r\n")
        + "\r\n";
  }

  private void ready(SelectionKey key) {
    Connection connection = (Connection) key.attachment();
    try {
      if (key.isWritable()) {
        write(connection);
      }
      if (key.isReadable()) {
        read(connection);
      }
    } catch (IOException e) {
      drop(connection);
    }
  }

  private void write(Connection connection) throws IOException {
    try {
      connection.channel.write(connection.out);
    } catch (IOException e) {
      // It may have been answered before the whole of it was sent.
      connection.out.position(connection.out.limit());
    }
    boolean more = connection.out.hasRemaining();
    connection.key.interestOps(SelectionKey.OP_READ | (more ? SelectionKey.OP_WRITE : 0));
  }

  private void read(Connection connection) throws IOException {
    if (!connection.in.hasRemaining()) {
      connection.in = ByteBuffer.allocate(2 * connection.in.capacity()).put(connection.in.flip());
    }
    if (connection.channel.read(connection.in) < 0) {
      drop(connection);
      return;
    }
    int length = connection.in.position();
    String answer = new String(connection.in.array(), 0, Math.min(length, 2048), StandardCharsets.ISO_8859_1);
    int head = answer.indexOf("\r\n\r\n");
    if (head < 0 || connection.dueAt == 0) {
      return;
    }
    String lower = answer.substring(0, head).toLowerCase(Locale.ROOT);
    if (!isWhole(connection.in, lower, head + 4, length)) {
      return;
    }
    answered(connection, lower);
  }

  private static boolean isWhole(ByteBuffer in, String head, int body, int length) {
    int at = head.indexOf("content-length: ");
    if (at >= 0) {
      int end = head.indexOf('\r', at);
      String number = head.substring(at + 16, end < 0 ? head.length() : end).strip();
      return length >= body + Integer.parseInt(number);
    }
    byte[] bytes = in.array();
    return !head.contains("chunked")
        || (bytes[length - 5] == '0' && bytes[length - 1] == '\n' && bytes[length - 3] == '\n');
  }

  private void answered(Connection connection, String head) {
    long micros = (System.nanoTime() - connection.dueAt) / 1_000;
    int status = Integer.parseInt(head.substring(9, 12));
    if (status < 300) {
      window.done.record(micros);
    } else if (status == 503 || status == 429) {
      window.refused.record(micros);
      window.retryAfter += head.contains("retry-after") ? 1 : 0;
    } else {
      window.failed++;
    }
    connection.dueAt = 0;
    connection.in.clear();
    waiting--;
    if (connection.out.hasRemaining() || head.contains("connection: close")) {
      drop(connection);
    } else {
      idle.push(connection);
    }
  }

  private void drop(Connection connection) {
    idle.remove(connection);
    if (connection.dueAt != 0) {
      connection.dueAt = 0;
      waiting--;
      window.failed++;
    }
    open--;
    connection.key.cancel();
    try {
      connection.channel.close();
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }
}
