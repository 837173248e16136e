package org.kvstore.api.archive;

import java.io.IOException;

/** An archive is not as it was written; the message says where, in a sentence. */
public final class ArchiveException extends IOException {
  private static final long serialVersionUID = 1L;

  ArchiveException(String message) {
    super(message);
  }
}
