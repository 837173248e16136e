package org.kvstore.client;

import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.net.SocketTimeoutException;
import java.net.http.HttpResponse.BodySubscriber;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The body of an answer as a stream that gives up when nothing arrives for a while, which the one
 * of the Java runtime does not. The next part is asked for when the one before has been read, so it
 * holds one part at most. It can be closed by any thread, which ends a read that waits.
 */
final class BodyStream extends InputStream implements BodySubscriber<InputStream> {
  private final Duration idle;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();

  // All guarded by the lock.
  private final ArrayDeque<ByteBuffer> parts = new ArrayDeque<>();
  private Flow.@Nullable Subscription subscription;
  private @Nullable Throwable failure;
  private boolean complete;
  private boolean closed;

  /** A stream that waits this long at most for the next bytes. */
  BodyStream(Duration idle) {
    this.idle = idle;
  }

  @Override
  public CompletionStage<InputStream> getBody() {
    return CompletableFuture.completedFuture(this);
  }

  @Override
  public void onSubscribe(Flow.Subscription given) {
    lock.lock();
    try {
      subscription = given;
    } finally {
      lock.unlock();
    }
    given.request(1);
  }

  @Override
  public void onNext(List<ByteBuffer> buffers) {
    change(() -> parts.addAll(buffers));
  }

  @Override
  public void onError(Throwable thrown) {
    change(() -> failure = thrown);
  }

  @Override
  public void onComplete() {
    change(() -> complete = true);
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(byte[] target, int offset, int length) throws IOException {
    Objects.checkFromIndexSize(offset, length, target.length);
    if (length == 0) {
      return 0;
    }
    lock.lock();
    try {
      if (!await()) {
        return -1;
      }
      ByteBuffer part = parts.element();
      int count = Math.min(length, part.remaining());
      part.get(target, offset, count);
      return count;
    } finally {
      lock.unlock();
    }
  }

  /** Waits for a part that is not read to its end; false at the end of the body. */
  private boolean await() throws IOException {
    long left = idle.toNanos();
    boolean asked = parts.isEmpty();
    while (true) {
      while (!parts.isEmpty() && !parts.element().hasRemaining()) {
        parts.remove();
      }
      if (closed) {
        throw new IOException("closed");
      }
      if (!parts.isEmpty()) {
        return true;
      }
      if (failure != null) {
        throw new IOException(failure.getMessage(), failure);
      }
      if (complete) {
        return false;
      }
      if (!asked && subscription != null) {
        // It may deliver at once, on this thread.
        asked = true;
        subscription.request(1);
        continue;
      }
      left = awaitChange(left);
    }
  }

  @SuppressWarnings("WaitNotInLoop") // The caller is the loop.
  private long awaitChange(long nanos) throws IOException {
    if (nanos <= 0) {
      throw new SocketTimeoutException("nothing arrived for " + idle.toSeconds() + " s");
    }
    try {
      return changed.awaitNanos(nanos);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted");
    }
  }

  @Override
  public void close() {
    change(() -> closed = true);
    Flow.Subscription open = subscription;
    if (open != null) {
      open.cancel();
    }
  }

  private void change(Runnable what) {
    lock.lock();
    try {
      what.run();
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }
}
