package org.kvstore.client;

import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.kvstore.api.ResultDocument;

/**
 * A running batch. The operations go out in pieces, each a request of its own to {@code /v1/batch},
 * and the results of a piece are read as they are used; the next piece is sent when the last result
 * of the one before is there. So operations are done in order, memory is bounded by a piece however
 * long the batch is, and whoever uses the results slowly slows the operations down.
 *
 * <p>One endless request for the whole batch would need an HTTP client that reads an answer while
 * it still writes the request. Those of Jakarta REST and of the Java runtime do not, and proxies
 * often do not either. Pieces also limit what a broken connection leaves unknown; in a cluster, a
 * piece whose answer breaks is sent again under the Idempotency-Key that it had, and the results
 * that are known are passed over.
 */
final class Batch implements Iterator<BatchResult>, AutoCloseable {
  /** Most operations in a piece. */
  static final int MAX_OPERATIONS = 1000;

  /** A piece is full when it has this many bytes; its last operation may exceed it. */
  static final int FULL_BYTES = 1 << 20;

  private final Requests requests;
  private final Iterator<? extends BatchOperation> operations;
  private final ArrayDeque<BatchOperation> sent = new ArrayDeque<>();
  private byte[] piece = {};
  private int taken;
  private @Nullable Answer answer;
  private @Nullable KeyValueException failure;

  Batch(Requests requests, Iterator<? extends BatchOperation> operations) {
    this.requests = requests;
    this.operations = operations;
  }

  /**
   * The answer to a piece.
   *
   * @param lines what is not read of it yet
   * @param name the piece's Idempotency-Key; null without one
   * @param line the line that has been read already; or null
   */
  private record Answer(LineStream lines, @Nullable String name, @Nullable String line)
      implements AutoCloseable {
    static Answer of(KeyValueApi api, byte[] piece, @Nullable String name) {
      return new Answer(new LineStream(Responses.body(api.batch(piece, name))), name, null);
    }

    /** The same with a line read, after some that are known already. */
    Answer after(int known) {
      try {
        for (int i = 0; i < known; i++) {
          next();
        }
        return new Answer(lines, name, next());
      } catch (IOException broken) {
        close();
        throw Transport.WRITE.failure(broken);
      }
    }

    String next() throws IOException {
      String next = lines.next();
      if (next == null) {
        throw new EOFException("the answer ended too early");
      }
      return next;
    }

    @Override
    public void close() {
      try {
        lines.close();
      } catch (IOException broken) {
        // All that was needed of it has been read.
      }
    }
  }

  @Override
  public boolean hasNext() {
    if (sent.isEmpty()) {
      close();
      send();
    }
    return !sent.isEmpty();
  }

  @Override
  public BatchResult next() {
    if (!hasNext()) {
      throw new NoSuchElementException();
    }
    BatchOperation operation = sent.remove();
    if (failure == null) {
      try {
        String line = line(Objects.requireNonNull(answer));
        taken++;
        return BatchResult.of(operation, Json.read(line, ResultDocument.class));
      } catch (KeyValueException failed) {
        failure = failed;
      }
    }
    return BatchResult.failed(operation, Objects.requireNonNull(failure));
  }

  private void send() {
    failure = null;
    taken = 0;
    piece = piece();
    if (sent.isEmpty()) {
      return;
    }
    byte[] lines = piece;
    try {
      answer = requests.write(null, (api, name) -> Answer.of(api, lines, name));
    } catch (KeyValueException refused) {
      failure = refused;
    }
  }

  private String line(Answer open) {
    try {
      return open.next();
    } catch (IOException broken) {
      KeyValueException unknown = Transport.WRITE.failure(broken);
      if (open.name() == null) {
        throw unknown;
      }
      return lineOfRepeat(open, unknown);
    }
  }

  /** Sends a piece again, under its name, so that what has been done is answered and not redone. */
  private String lineOfRepeat(Answer broken, KeyValueException unknown) {
    broken.close();
    byte[] lines = piece;
    int known = taken;
    try {
      Answer repeated =
          requests.write(broken.name(), (api, name) -> Answer.of(api, lines, name).after(known));
      answer = repeated;
      return Objects.requireNonNull(repeated.line());
    } catch (KeyValueException last) {
      throw last instanceof IndeterminateException
          ? last
          : KeyValueException.of(
              unknown.failure().saying(unknown.getMessage() + "; then: " + last.getMessage()),
              last);
    }
  }

  private byte[] piece() {
    ByteArrayOutputStream lines = new ByteArrayOutputStream();
    while (sent.size() < MAX_OPERATIONS && lines.size() < FULL_BYTES && operations.hasNext()) {
      BatchOperation operation = operations.next();
      String line = Json.write(OperationDocuments.of(operation)) + '\n';
      lines.writeBytes(line.getBytes(StandardCharsets.UTF_8));
      sent.add(operation);
    }
    return lines.toByteArray();
  }

  /** Gives up what is left of the answer. */
  @Override
  public void close() {
    Answer open = answer;
    answer = null;
    if (open != null) {
      open.close();
    }
  }
}
