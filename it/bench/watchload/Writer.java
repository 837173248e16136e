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
import java.util.Random;

/**
 * Writes at a steady pace, whatever the server does (an open loop): a write counts as sent when it
 * was due, so that one that had to wait for a connection is measured with its wait. One thread, and
 * one request at a time on each connection.
 */
final class Writer implements Runnable {
  private static final int MOST_CONNECTIONS = 512;
  private static final int KEYS_OF_A_PREFIX = 1_000;
  private static final int BUFFER_BYTES = 4096;
  private static final String PADDING =
      new Random(1)
          .ints(Ledger.VALUE_BYTES, 'a', 'z' + 1)
          .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
          .toString();

  private final InetSocketAddress server;
  private final Ledger ledger;
  private final Selector selector;
  private final Random dice = new Random(2);
  private final Deque<Connection> idle = new ArrayDeque<>();
  private int connections;

  /** Nanoseconds from one write to the next; 0 while it pauses. */
  private volatile long pace;

  private volatile boolean paused;

  private long due;

  private volatile Latencies answers = new Latencies();

  Writer(InetSocketAddress server, Ledger ledger) throws IOException {
    this.server = server;
    this.ledger = ledger;
    selector = Selector.open();
  }

  /** One connection and the write that it waits for. */
  private static final class Connection {
    final SocketChannel channel;
    final ByteBuffer in = ByteBuffer.allocate(BUFFER_BYTES);
    int write;
    long dueAt;

    Connection(SocketChannel channel) {
      this.channel = channel;
    }
  }

  /** Begins to write; nothing is in flight. */
  void start(int perSecond) {
    due = System.nanoTime();
    paused = false;
    pace = 1_000_000_000L / perSecond;
    selector.wakeup();
  }

  /** Begins to pause. */
  void pause() {
    pace = 0;
  }

  /** Whether it sends nothing and waits for nothing. */
  boolean isPaused() {
    return paused && ledger.acknowledged() == ledger.sent();
  }

  /** Forgets the latencies of the answers so far, and returns them. */
  Latencies takeAnswers() {
    Latencies taken = answers;
    answers = new Latencies();
    return taken;
  }

  @Override
  public void run() {
    try {
      while (true) {
        selector.select(paused ? 100 : 1);
        for (SelectionKey key : selector.selectedKeys()) {
          read((Connection) key.attachment());
        }
        selector.selectedKeys().clear();
        sendDue();
      }
    } catch (IOException e) {
      throw new Failure("the writer: " + e);
    }
  }

  private void sendDue() throws IOException {
    long step = pace;
    paused = step == 0;
    while (step != 0 && due <= System.nanoTime()) {
      Connection connection = free();
      if (connection == null) {
        return;
      }
      connection.write = ledger.next();
      connection.dueAt = due;
      send(connection);
      due += step;
    }
  }

  private Connection free() throws IOException {
    Connection connection = idle.poll();
    if (connection == null && connections < MOST_CONNECTIONS) {
      connections++;
      SocketChannel channel = SocketChannel.open(server);
      channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
      channel.configureBlocking(false);
      connection = new Connection(channel);
      channel.register(selector, SelectionKey.OP_READ, connection);
    }
    return connection;
  }

  private void send(Connection connection) throws IOException {
    String value = String.format("%010d %019d %s", connection.write, connection.dueAt, PADDING);
    String request =
        "PUT /v1/kv/bench/"
            + ledger.prefixOf(connection.write)
            + "/"
            + dice.nextInt(KEYS_OF_A_PREFIX)
            + " HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: "
            + Ledger.VALUE_BYTES
            + "\r\nContent-Type: text/plain\r\n\r\n"
            + value.substring(0, Ledger.VALUE_BYTES);
    ByteBuffer bytes = ByteBuffer.wrap(request.getBytes(StandardCharsets.US_ASCII));
    while (bytes.hasRemaining()) {
      connection.channel.write(bytes);
    }
  }

  /** Reads an answer, of which nothing but the head is expected. */
  private void read(Connection connection) throws IOException {
    if (connection.channel.read(connection.in) < 0) {
      if (idle.remove(connection)) {
        // It was not needed for so long that the server gave it up.
        connection.channel.close();
        connections--;
        return;
      }
      throw new Failure("the server closed the connection of a writer");
    }
    ByteBuffer in = connection.in;
    String answer = new String(in.array(), 0, in.position(), StandardCharsets.US_ASCII);
    if (!answer.endsWith("\r\n\r\n")) {
      return;
    }
    in.clear();
    int status = Integer.parseInt(answer.substring(9, 12));
    if (status != 201 && status != 204) {
      throw new Failure("a write was answered " + answer);
    }
    int tag = answer.indexOf("ETag: \"") + 7;
    long revision = Long.parseLong(answer.substring(tag, answer.indexOf('"', tag)));
    long now = System.nanoTime();
    ledger.acknowledge(connection.write, revision, now);
    answers.record((now - connection.dueAt) / 1_000);
    idle.push(connection);
  }
}
