package org.kvstore.server.service;

import org.kvstore.server.model.Key;
import org.kvstore.server.model.KeyRange;

/** What a line of a batch or a part of a transaction asks for. */
public sealed interface OperationRequest
    permits WriteRequest.Put,
        WriteRequest.Delete,
        OperationRequest.Get,
        OperationRequest.ListRange {

  /** Reads one entry. */
  record Get(Key key) implements OperationRequest {}

  /** Reads the first entries of a range. */
  record ListRange(KeyRange range, int limit) implements OperationRequest {}
}
