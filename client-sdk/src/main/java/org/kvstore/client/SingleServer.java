package org.kvstore.client;

import java.time.Duration;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Sends each request once, to one server, and names no write by itself.
 *
 * @param api the server
 * @param owned whether it is closed with the client; the container closes what it has injected
 */
record SingleServer(KeyValueApi api, boolean owned) implements Requests {
  @Override
  public <T> T read(Function<KeyValueApi, T> request) {
    return once(Transport.READ, request);
  }

  @Override
  public <T> CompletionStage<T> readAsync(Function<KeyValueApi, CompletionStage<T>> request) {
    return Transport.READ.stage(request.apply(api));
  }

  @Override
  public <T> T write(@Nullable String name, Write<T> request) {
    return Transport.WRITE.call(() -> request.send(api, name));
  }

  @Override
  public <T> CompletionStage<T> writeAsync(
      @Nullable String name, Write<CompletionStage<T>> request) {
    return Transport.WRITE.stage(request.send(api, name));
  }

  @Override
  public <T> T once(Transport kind, Function<KeyValueApi, T> request) {
    return kind.call(() -> request.apply(api));
  }

  @Override
  public Requests within(Duration limit) {
    return this;
  }

  @Override
  public Requests shared() {
    return new SingleServer(api, false);
  }

  @Override
  public void close() {
    if (owned) {
      api.close();
    }
  }
}
