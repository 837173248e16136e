import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;

/** All watches, read by one thread. An event arrives when its bytes are read off the socket. */
final class Watchers implements Runnable {
  private static final int BUFFER_BYTES = 64 << 10;

  /** Small, so that the server sees soon when a reader has stopped. */
  private static final int RECEIVE_BYTES = 64 << 10;

  private final InetSocketAddress server;
  private final Ledger ledger;
  private final Selector selector;
  private final List<Watcher> watchers = new ArrayList<>();
  private final List<SelectionKey> keys = new ArrayList<>();
  private final ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER_BYTES);

  /** The revision that the first watch saw each write at. */
  private final long[] revisions;

  private final AtomicReference<Window> window = new AtomicReference<>(new Window());
  private long now;

  /** What was measured since it began. */
  static final class Window {
    final Latencies fromSent = new Latencies();
    final Latencies fromAcknowledged = new Latencies();
  }

  /** A watch and the state of its stream. */
  private record Reading(Watcher watcher, EventStream stream) {}

  Watchers(InetSocketAddress server, Ledger ledger, int capacity) throws IOException {
    this.server = server;
    this.ledger = ledger;
    revisions = new long[capacity];
    selector = Selector.open();
  }

  Ledger ledger() {
    return ledger;
  }

  List<Watcher> list() {
    return watchers;
  }

  /** Opens watches until there are so many; nothing is being written. */
  void open(int count) throws IOException {
    while (watchers.size() < count) {
      int prefix = watchers.size() % ledger.prefixes();
      Watcher watcher = new Watcher(this, prefix);
      SocketChannel channel = SocketChannel.open();
      channel.setOption(StandardSocketOptions.SO_RCVBUF, RECEIVE_BYTES);
      channel.connect(server);
      String request =
          "GET /v1/watch?prefix=bench/" + prefix + "/ HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
      channel.write(ByteBuffer.wrap(request.getBytes(StandardCharsets.US_ASCII)));
      channel.configureBlocking(false);
      watchers.add(watcher);
      Reading reading = new Reading(watcher, new EventStream(watcher));
      keys.add(channel.register(selector, SelectionKey.OP_READ, reading));
      selector.wakeup();
    }
  }

  /** Has the first ones stop reading, or go on. */
  void read(int count, boolean on) {
    keys.subList(0, count).forEach(key -> key.interestOps(on ? SelectionKey.OP_READ : 0));
    selector.wakeup();
  }

  /** Begins to measure anew, and returns what was measured. */
  Window takeWindow() {
    return window.getAndSet(new Window());
  }

  @Override
  public void run() {
    try {
      while (true) {
        selector.select(100);
        for (SelectionKey key : selector.selectedKeys()) {
          read((SocketChannel) key.channel(), ((Reading) key.attachment()).stream());
        }
        selector.selectedKeys().clear();
      }
    } catch (IOException e) {
      throw new Failure("the reader: " + e);
    }
  }

  private void read(SocketChannel channel, EventStream stream) throws IOException {
    buffer.clear();
    if (channel.read(buffer) < 0) {
      throw new Failure("the server closed the connection of a watch");
    }
    now = System.nanoTime();
    stream.accept(buffer.flip());
  }

  /** Whether all watches have seen this write at this revision. */
  boolean isRevision(int write, long revision) {
    if (revisions[write] == 0) {
      revisions[write] = revision;
    }
    return revisions[write] == revision;
  }

  /** Writes that arrived at another revision than that of their acknowledgement. */
  long misnumbered() {
    long count = 0;
    for (int write = 0; write < ledger.sent(); write++) {
      count += revisions[write] != 0 && revisions[write] != ledger.revision(write) ? 1 : 0;
    }
    return count;
  }

  void arrived(int write, long sentAt) {
    Window measured = window.get();
    measured.fromSent.record((now - sentAt) / 1_000);
    boolean isAcknowledged = ledger.revision(write) != 0;
    measured.fromAcknowledged.record(isAcknowledged ? (now - ledger.time(write)) / 1_000 : 0);
  }
}
