package org.kvstore.it.crash;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.kvstore.it.history.Revision;
import org.kvstore.it.support.EventStream;
import org.kvstore.it.support.EventStream.ServerEvent;
import org.kvstore.it.support.RawRequest;
import org.kvstore.it.support.Service;

/**
 * A client that watches all keys over the ends of its servers: it resumes after the last event id
 * that it has seen, and forgets what has come after that, as EventSource does.
 */
final class Watcher {
  private final BlockingQueue<Revision> revisions = new LinkedBlockingQueue<>();
  private volatile String position;
  private long newest;

  /** Begins at a position. */
  Watcher(String position) {
    this.position = position;
  }

  /** Where it would resume. */
  String position() {
    return position;
  }

  /** What it has seen and nobody has taken yet, in order. */
  BlockingQueue<Revision> revisions() {
    return revisions;
  }

  /** Watches until the connection breaks or a revision has come. */
  void watch(Service service, long last) {
    RawRequest request = service.get("/v1/watch").header("Last-Event-ID", position);
    List<ServerEvent> events = new ArrayList<>();
    try (EventStream stream = EventStream.open(request)) {
      while (newest < last) {
        ServerEvent event = stream.next();
        if (event.type().equals("progress")) {
          assertThat(events).as("progress within a revision").isEmpty();
        } else {
          events.add(event);
        }
        if (event.id() != null) {
          // Before the revision is handed over: who has taken it may ask from where to go on.
          position = event.id();
          take(events);
        }
      }
    } catch (UncheckedIOException serverIsGone) {
      // As it should: it has been killed.
    }
  }

  private void take(List<ServerEvent> events) {
    if (!events.isEmpty()) {
      Revision revision = Revision.of(events);
      newest = revision.number();
      revisions.add(revision);
      events.clear();
    }
  }
}
