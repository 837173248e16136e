package org.kvstore.client;

import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** What a supplier gave at its first call, which is its only one. */
final class FirstCall<T> implements Supplier<T> {
  private final Supplier<T> supplier;
  private @Nullable T given;

  FirstCall(Supplier<T> supplier) {
    this.supplier = supplier;
  }

  @Override
  public synchronized T get() {
    T known = given == null ? supplier.get() : given;
    given = known;
    return known;
  }
}
