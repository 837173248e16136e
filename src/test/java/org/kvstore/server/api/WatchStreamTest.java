package org.kvstore.server.api;

import static org.assertj.core.api.Assertions.assertThat;

import jakarta.servlet.AsyncContext;
import jakarta.servlet.ServletOutputStream;
import jakarta.servlet.WriteListener;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kvstore.server.model.KeyRange;
import org.kvstore.server.model.Limits;
import org.kvstore.server.model.Retention;
import org.kvstore.server.replication.DiskSpace;
import org.kvstore.server.service.ChangeService;
import org.kvstore.server.shard.Shard;
import org.kvstore.server.shard.ShardOpener;
import org.kvstore.server.shard.Shards;
import org.kvstore.server.shard.Subscription;
import org.kvstore.server.store.DataDirectory;
import org.kvstore.server.store.Patcher;
import org.kvstore.server.store.StoreOptions;
import org.kvstore.server.store.Watch;
import org.kvstore.server.store.WatchHub;

/** A stream whose watch ends while it is being opened. */
class WatchStreamTest {
  private static final Watch.Query EVERYTHING = new Watch.Query(KeyRange.ALL, true, true, false);

  @TempDir Path directory;

  private final ExecutorService lane = Executors.newSingleThreadExecutor();
  private final Exchange exchange = new Exchange();
  private final WatchStream stream = new WatchStream(new NoService(), new WatchPace(null));
  private DataDirectory data; // Set before each test.
  private Shards shards; // Set before each test.

  @BeforeEach
  void open() {
    data = DataDirectory.open(directory.resolve("data"));
    Shard.Setup setup =
        new Shard.Setup(
            Limits.DEFAULT,
            Retention.DEFAULT,
            events -> {},
            events -> {},
            (patch, before) -> new Patcher.Result(patch.document(), "text/plain"),
            Thread::new,
            () -> new WatchHub.Lanes(lane, lane, blocked -> {}),
            lane,
            Clock.systemUTC());
    shards = new ShardOpener(data, StoreOptions.defaults(directory), setup).single();
    shards.start(new DiskSpace(directory, 0), Clock.systemUTC());
  }

  @AfterEach
  void close() {
    shards.stop();
    lane.shutdown();
    shards.close();
    data.close();
  }

  private Subscription watch() {
    return shards
        .watch(EVERYTHING, null, stream, Long.MAX_VALUE, () -> {})
        .toCompletableFuture()
        .join();
  }

  @Test
  void hubClosesBeforeTheStreamIsOpened_streamEndsOnceItIs() throws Exception {
    Subscription watch = watch();
    shards.stop();
    lane.submit(() -> {}).get();

    stream.open(watch, exchange.request(), exchange.response());
    assertThat(exchange.calls).doesNotContain("complete");
    stream.onWritePossible();

    assertThat(exchange.calls).containsOnlyOnce("complete");
  }

  @Test
  void hubClosesBetweenOpeningAndTheFirstWrite_streamEndsOnce() throws Exception {
    Subscription watch = watch();
    stream.open(watch, exchange.request(), exchange.response());
    shards.stop();
    lane.submit(() -> {}).get();

    stream.onWritePossible();

    assertThat(exchange.calls).containsOnlyOnce("complete");
  }

  /** Not asked for anything by a stream that ends before it begins. */
  private static final class NoService extends ChangeService {}

  /** A request and its response, of which all that matters is what is called. */
  private static final class Exchange {
    final List<String> calls = new ArrayList<>();

    HttpServletRequest request() {
      return fake(HttpServletRequest.class);
    }

    HttpServletResponse response() {
      return fake(HttpServletResponse.class);
    }

    private <T> T fake(Class<T> type) {
      return type.cast(
          Proxy.newProxyInstance(
              type.getClassLoader(), new Class<?>[] {type}, (proxy, method, any) -> call(method)));
    }

    private @Nullable Object call(Method method) {
      calls.add(method.getName());
      if (method.getReturnType() == ServletOutputStream.class) {
        return new NeverReady();
      }
      if (method.getReturnType() == AsyncContext.class) {
        return fake(AsyncContext.class);
      }
      if (method.getReturnType() == boolean.class) {
        return false;
      }
      return method.getReturnType() == String.class ? "" : null;
    }
  }

  /** A client that takes nothing. */
  private static final class NeverReady extends ServletOutputStream {
    @Override
    public boolean isReady() {
      return false;
    }

    @Override
    public void setWriteListener(WriteListener listener) {}

    @Override
    public void write(int b) {
      throw new IllegalStateException("It is not ready.");
    }
  }
}
