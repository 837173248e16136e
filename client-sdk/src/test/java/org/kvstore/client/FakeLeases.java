package org.kvstore.client;

import java.util.List;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.kvstore.api.LeaseDocument;

/** The leases of the fake server, which never expire by themselves. */
final class FakeLeases {
  private final AtomicInteger granted = new AtomicInteger();
  private final ConcurrentSkipListSet<String> living = new ConcurrentSkipListSet<>();

  LeaseDocument grant() {
    String id = Integer.toString(granted.incrementAndGet());
    living.add(id);
    return document(id, null);
  }

  @Nullable LeaseDocument find(String id) {
    return living.contains(id) ? document(id, List.of("a", "b")) : null;
  }

  boolean revoke(String id) {
    return living.remove(id);
  }

  private static LeaseDocument document(String id, @Nullable List<String> keys) {
    return new LeaseDocument(id, "PT30S", "2030-01-01T00:00:00Z", keys);
  }
}
