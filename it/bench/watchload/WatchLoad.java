import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.function.ToLongFunction;

/**
 * The load of {@code it/bench/watch}: watches and writes against a running server, told what to do
 * by lines on its standard input. Each is answered by a line of JSON. Three threads do all.
 *
 * <pre>
 * open N      opens watches until there are N     take      what was measured since the last take
 * write RATE  writes so many a second             behind N  events that the first N still lack
 * pause       ends that; all are answered         check     what is wrong with what was seen
 * stall N     has the first N stop reading
 * resume N    has them read on
 * </pre>
 */
public final class WatchLoad {
  private static final long PATIENCE_NANOS = 60_000_000_000L;

  private final Ledger ledger;
  private final Writer writer;
  private final Watchers watchers;

  private WatchLoad(int port, int prefixes, int capacity) throws IOException {
    InetSocketAddress server = new InetSocketAddress("127.0.0.1", port);
    ledger = new Ledger(prefixes, capacity);
    writer = new Writer(server, ledger);
    watchers = new Watchers(server, ledger, capacity);
  }

  /**
   * @param arguments port, number of prefixes, the most writes there will be
   */
  public static void main(String[] arguments) throws IOException {
    WatchLoad load =
        new WatchLoad(
            Integer.parseInt(arguments[0]),
            Integer.parseInt(arguments[1]),
            Integer.parseInt(arguments[2]));
    start(load.writer, "writer");
    start(load.watchers, "reader");
    BufferedReader in =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      String[] words = line.split(" ");
      System.out.println(load.answer(words[0], words.length > 1 ? Integer.parseInt(words[1]) : 0));
    }
    System.exit(0);
  }

  /** A failure of either thread ends all, as nothing that is measured then would be worth it. */
  private static void start(Runnable task, String name) {
    Thread thread = new Thread(task, name);
    thread.setDaemon(true);
    thread.setUncaughtExceptionHandler(
        (failed, failure) -> {
          failure.printStackTrace();
          Runtime.getRuntime().halt(2);
        });
    thread.start();
  }

  private String answer(String command, int number) throws IOException {
    switch (command) {
      case "open" -> {
        watchers.open(number);
        await(() -> watchers.list().stream().allMatch(Watcher::isOpen));
      }
      case "write" -> writer.start(number);
      case "pause" -> {
        writer.pause();
        await(writer::isPaused);
      }
      case "stall" -> watchers.read(number, false);
      case "resume" -> watchers.read(number, true);
      case "behind" -> {
        return "{\"events\":" + behind(watchers.list().subList(0, number)) + "}";
      }
      case "take" -> {
        return taken();
      }
      case "check" -> {
        return checked();
      }
      default -> throw new Failure("unknown command " + command);
    }
    return "{}";
  }

  private static long behind(List<Watcher> some) {
    return some.stream().mapToLong(Watcher::behind).sum();
  }

  private String taken() {
    Latencies answers = writer.takeAnswers();
    Watchers.Window window = watchers.takeWindow();
    return "{\"writes\":%d,\"events\":%d,\"answers\":%s,\"sent\":%s,\"acknowledged\":%s}"
        .formatted(
            answers.count(),
            window.fromSent.count(),
            answers.json(),
            window.fromSent.json(),
            window.fromAcknowledged.json());
  }

  private String checked() {
    return "{\"writes\":%d,\"events\":%d,\"lost\":%d,\"doubled\":%d,\"disordered\":%d,\"wrong\":%d}"
        .formatted(
            ledger.acknowledged(),
            sum(Watcher::seen),
            sum(Watcher::lost),
            sum(Watcher::doubled),
            sum(Watcher::disordered),
            sum(Watcher::foreign) + watchers.misnumbered());
  }

  private long sum(ToLongFunction<Watcher> figure) {
    return watchers.list().stream().mapToLong(figure).sum();
  }

  private static void await(BooleanSupplier condition) {
    long end = System.nanoTime() + PATIENCE_NANOS;
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() > end) {
        throw new Failure("the server takes longer than a minute");
      }
      try {
        Thread.sleep(20);
      } catch (InterruptedException e) {
        throw new Failure("interrupted");
      }
    }
  }
}
