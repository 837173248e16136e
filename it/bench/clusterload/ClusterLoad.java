import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Scanner;
import java.util.concurrent.atomic.AtomicLong;
import java.util.zip.CRC32C;
import org.kvstore.client.KeyValueClient;

/**
 * Writes and reads at a steady pace through the client that goes from node to node, whatever the
 * cluster does (an open loop): each request counts from when it was due.
 *
 * <p>{@code ClusterLoad URLS SHARDS RATE THREADS}. For each line on standard input it answers with a
 * line of JSON on what has become of the requests since the line before, and ends with the input.
 * A request that is under way is counted with those of the line after.
 */
final class ClusterLoad {
  private static final int KEYS = 10_000;
  private static final int THREADS_OF_A_CLIENT = 16;
  private static final int MOST_FAILURES_TOLD = 3;
  private static final long SLOW_NANOS = 1_000_000_000;
  private static final String VALUE = "v".repeat(100);

  private final int shards;
  private final long stepNanos;
  private final AtomicLong next = new AtomicLong();
  private final long began = System.nanoTime();
  private final Object monitor = new Object();

  /** Guarded by the monitor. */
  private Window window;

  /** When a write to each shard was last answered; guarded by the monitor. */
  private final long[] lastWrites;

  private ClusterLoad(int shards, int perSecond) {
    this.shards = shards;
    stepNanos = 1_000_000_000L / perSecond;
    lastWrites = new long[shards];
    Arrays.fill(lastWrites, began);
    window = new Window(shards);
  }

  /** What became of the requests between two lines. */
  private static final class Window {
    final Latencies writes = new Latencies();
    final Latencies reads = new Latencies();
    final List<String> failures = new ArrayList<>();
    final long[] silences;

    /** Requests to each shard that took more than a second. */
    final long[] slow;

    long failed;

    Window(int shards) {
      silences = new long[shards];
      slow = new long[shards];
    }

    String json() {
      StringBuilder silent = new StringBuilder();
      for (long nanos : silences) {
        silent.append(silent.length() == 0 ? "" : ",").append(nanos / 1_000_000);
      }
      return String.format(
          Locale.ROOT,
          "{\"writes\":%d,\"reads\":%d,\"failed\":%d,\"write\":%s,\"read\":%s,\"silences\":[%s],"
              + "\"slow\":%s,\"failures\":[%s]}",
          writes.count(),
          reads.count(),
          failed,
          writes.json(),
          reads.json(),
          silent,
          Arrays.toString(slow),
          String.join(",", failures));
    }
  }

  public static void main(String[] args) {
    String urls = args[0];
    ClusterLoad load = new ClusterLoad(Integer.parseInt(args[1]), Integer.parseInt(args[2]));
    int threads = Integer.parseInt(args[3]);
    KeyValueClient client = null;
    for (int i = 0; i < threads; i++) {
      // Each client stays with a node: many of them spread over all.
      client = i % THREADS_OF_A_CLIENT == 0 ? connect(urls) : client;
      begin(load, client);
    }
    Scanner lines = new Scanner(System.in, StandardCharsets.US_ASCII);
    while (lines.hasNextLine()) {
      lines.nextLine();
      System.out.println(load.cut());
    }
  }

  private static void begin(ClusterLoad load, KeyValueClient client) {
    Thread thread = new Thread(() -> load.run(client));
    thread.setDaemon(true);
    thread.start();
  }

  private static KeyValueClient connect(String urls) {
    return KeyValueClient.builder(urls).totalTimeout(Duration.ofSeconds(30)).build();
  }

  private String cut() {
    synchronized (monitor) {
      long now = System.nanoTime();
      for (int shard = 0; shard < shards; shard++) {
        window.silences[shard] = Math.max(window.silences[shard], now - lastWrites[shard]);
      }
      String cut = window.json();
      window = new Window(shards);
      return cut;
    }
  }

  /** Takes one request after the other, each when it is due. */
  private void run(KeyValueClient client) {
    try {
      while (true) {
        long number = next.getAndIncrement();
        long due = began + number * stepNanos;
        long wait = due - System.nanoTime();
        if (wait > 0) {
          Thread.sleep(wait / 1_000_000, (int) (wait % 1_000_000));
        }
        ask(client, number, due);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Every second one writes; the keys go round, and so all shards are written to. */
  private void ask(KeyValueClient client, long number, long due) {
    String key = "key:%07d".formatted(number / 2 % KEYS);
    boolean writes = number % 2 == 0;
    try {
      if (writes) {
        client.put(key, VALUE);
      } else {
        client.get(key);
      }
      answered(writes, key, due);
    } catch (RuntimeException e) {
      failed((writes ? "put " : "get ") + e);
    }
  }

  private void answered(boolean wrote, String key, long due) {
    synchronized (monitor) {
      long now = System.nanoTime();
      (wrote ? window.writes : window.reads).record((now - due) / 1_000);
      int shard = shard(key);
      window.slow[shard] += now - due > SLOW_NANOS ? 1 : 0;
      if (wrote) {
        window.silences[shard] = Math.max(window.silences[shard], now - lastWrites[shard]);
        lastWrites[shard] = now;
      }
    }
  }

  private void failed(String what) {
    synchronized (monitor) {
      window.failed++;
      if (window.failures.size() < MOST_FAILURES_TOLD) {
        window.failures.add('"' + what.replaceAll("[^ -!#-\\[\\]-~]", "?") + '"');
      }
    }
  }

  private int shard(String key) {
    CRC32C crc = new CRC32C();
    crc.update(key.getBytes(StandardCharsets.UTF_8));
    return (int) (crc.getValue() % shards);
  }
}
