package org.kvstore.server.api;

import java.util.ArrayDeque;
import java.util.concurrent.CompletableFuture;
import java.util.function.IntSupplier;
import org.jspecify.annotations.Nullable;
import org.kvstore.server.model.Outcome;

/**
 * The lines of a batch between the thread that submits them and the thread that writes their
 * results, in order; bounded in lines and in bytes. This object's monitor guards it.
 *
 * <p>Neither thread waits for ever: a result comes within the time that a write may wait, and a
 * client that takes no results ends with the time-out of its connection, after which the window is
 * {@link #abandon}ed.
 */
final class BatchWindow {
  private final IntSupplier maxLines;
  private final long maxBytes;
  private final ArrayDeque<Line> lines = new ArrayDeque<>();
  private long bytes;
  private boolean waitsForRoom;
  private boolean ended;
  private boolean abandoned;

  /**
   * A submitted line.
   *
   * @param bytes what it holds in memory, about
   */
  record Line(CompletableFuture<Outcome> result, long bytes) {}

  /**
   * @param maxLines at least 1; may change as other batches begin and end
   */
  BatchWindow(IntSupplier maxLines, long maxBytes) {
    this.maxLines = maxLines;
    this.maxBytes = maxBytes;
  }

  /** Adds a line once there is room; false when nobody takes any more. */
  synchronized boolean add(Line line) throws InterruptedException {
    while (!abandoned && isFull()) {
      waitsForRoom = true;
      wait();
    }
    waitsForRoom = false;
    lines.add(line);
    bytes += line.bytes();
    if (lines.size() == 1) {
      notifyAll();
    }
    return !abandoned;
  }

  /** Waits until all lines were taken, or nobody takes any more. */
  synchronized void awaitEmpty() throws InterruptedException {
    while (!abandoned && !lines.isEmpty()) {
      wait();
    }
  }

  /** No line is added any more. */
  synchronized void end() {
    ended = true;
    notifyAll();
  }

  /** No line is taken any more. */
  synchronized void abandon() {
    abandoned = true;
    notifyAll();
  }

  synchronized boolean isEmpty() {
    return lines.isEmpty();
  }

  /** The first line, which keeps its place until it is removed; null at the end. */
  synchronized @Nullable Line first() throws InterruptedException {
    while (lines.isEmpty() && !ended) {
      wait();
    }
    return lines.peek();
  }

  synchronized void removeFirst() {
    bytes -= lines.remove().bytes();
    if (lines.isEmpty() || (waitsForRoom && !isFull())) {
      notifyAll();
    }
  }

  private boolean isFull() {
    return lines.size() >= maxLines.getAsInt() || bytes >= maxBytes;
  }
}
