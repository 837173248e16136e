package org.kvstore.client;

import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.kvstore.api.ErrorCode;
import org.kvstore.api.EventDocument;

/**
 * The events of one connection, a whole revision at a time. Only the last event of a revision has
 * an id, so the others are kept until it is there: what a connection that breaks has delivered of a
 * revision is forgotten with it, and delivered again by the next one.
 */
final class RevisionStream implements Closeable {
  /** Most characters of events without an id that are kept. */
  static final int MAX_REVISION_LENGTH = 64 << 20;

  private final ServerEvents events;
  private final List<Change> revision = new ArrayList<>();
  private long length;

  RevisionStream(InputStream in) {
    events = new ServerEvents(in);
  }

  /**
   * The changes of the next revision, or one event of another kind; null at the end of the stream.
   *
   * @throws KeyValueException if the stream breaks the contract
   */
  @Nullable List<WatchEvent> next() throws IOException {
    while (true) {
      ServerEvents.Event event = events.next();
      if (event == null) {
        return null;
      }
      switch (event.type()) {
        case "put", "delete" -> add(event);
        case "compacted" -> {
          return List.of(new WatchEvent.Compacted(problem(event.data())));
        }
        default -> {} // Progress, and what later versions may add, only move the position.
      }
      String position = event.id();
      if (position != null) {
        return complete(position);
      }
    }
  }

  private void add(ServerEvents.Event event) {
    length += event.data().length();
    if (length > MAX_REVISION_LENGTH) {
      throw KeyValueException.of(
          Failure.local(
              0,
              ErrorCode.TOO_LARGE,
              "The changes of a revision exceed " + MAX_REVISION_LENGTH + " characters."),
          null);
    }
    revision.add(Change.of(Json.read(event.data(), EventDocument.class)));
  }

  private List<WatchEvent> complete(String position) {
    if (revision.isEmpty()) {
      return List.of(new WatchEvent.Progress(position));
    }
    List<WatchEvent> whole = new ArrayList<>();
    revision.forEach(change -> whole.add(new WatchEvent.Changed(change, position)));
    revision.clear();
    length = 0;
    return whole;
  }

  private static CompactedException problem(String json) {
    byte[] problem = json.getBytes(StandardCharsets.UTF_8);
    int status = ErrorCode.COMPACTED.status();
    KeyValueException failure = ProblemMapper.exception(status, problem, null);
    return failure instanceof CompactedException compacted
        ? compacted
        : new CompactedException(
            Failure.local(status, ErrorCode.COMPACTED, ErrorCode.COMPACTED.title()), failure);
  }

  @Override
  public void close() throws IOException {
    events.close();
  }
}
