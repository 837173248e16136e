package org.kvstore.server.store;

import org.kvstore.server.model.Submission;

public final class TestWrites {
  public static Submission put(String key, String value) {
    return Writes.put(key, value);
  }
}
