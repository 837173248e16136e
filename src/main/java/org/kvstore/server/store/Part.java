package org.kvstore.server.store;

import java.util.ArrayList;
import java.util.List;
import org.kvstore.server.model.Entry;
import org.kvstore.server.model.Event;
import org.kvstore.server.store.WatchSink.Delivery;

/**
 * What one query wants of a part of the change log, earlier entries left out. Watches of the same
 * query that have come equally far are given the same object.
 *
 * @param deliveries in order; of each revision all that are wanted
 * @param upTo the newest revision that they cover
 * @param bytes of their values
 */
record Part(List<Delivery> deliveries, long upTo, long bytes) {

  static Part of(Watch.Query query, Changes changes) {
    List<Event> wanted = changes.events().stream().filter(query::wants).toList();
    List<Delivery> deliveries = new ArrayList<>(wanted.size());
    long bytes = 0;
    for (int i = 0; i < wanted.size(); i++) {
      Event event = wanted.get(i);
      boolean last = i + 1 == wanted.size() || wanted.get(i + 1).revision() != event.revision();
      deliveries.add(new Delivery(event, null, last));
      Entry entry = event.entry();
      bytes += entry == null ? 0 : entry.value().size();
    }
    return new Part(deliveries, changes.upTo(), bytes);
  }
}
