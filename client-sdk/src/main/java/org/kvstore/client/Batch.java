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
 * often do not either. Pieces also limit what a broken connection leaves unknown.
 */
final class Batch implements Iterator<BatchResult>, AutoCloseable {
  /** Most operations in a piece. */
  static final int MAX_OPERATIONS = 1000;

  /** A piece is full when it has this many bytes; its last operation may exceed it. */
  static final int FULL_BYTES = 1 << 20;

  private final KeyValueApi api;
  private final Iterator<? extends BatchOperation> operations;
  private final ArrayDeque<BatchOperation> sent = new ArrayDeque<>();
  private @Nullable LineStream results;
  private @Nullable KeyValueException failure;

  Batch(KeyValueApi api, Iterator<? extends BatchOperation> operations) {
    this.api = api;
    this.operations = operations;
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
    LineStream lines = results;
    if (failure == null && lines != null) {
      try {
        String line = lines.next();
        if (line == null) {
          throw new EOFException("the answer ended too early");
        }
        return BatchResult.of(operation, Json.read(line, ResultDocument.class));
      } catch (IOException broken) {
        failure = Transport.WRITE.failure(broken);
      } catch (KeyValueException malformed) {
        failure = malformed;
      }
    }
    return BatchResult.failed(operation, Objects.requireNonNull(failure));
  }

  private void send() {
    failure = null;
    byte[] piece = piece();
    if (sent.isEmpty()) {
      return;
    }
    try {
      results = new LineStream(Responses.body(Transport.WRITE.call(() -> api.batch(piece, null))));
    } catch (KeyValueException refused) {
      failure = refused;
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
    LineStream open = results;
    results = null;
    try {
      if (open != null) {
        open.close();
      }
    } catch (IOException broken) {
      // All that was needed of it has been read.
    }
  }
}
