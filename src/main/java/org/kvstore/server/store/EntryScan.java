package org.kvstore.server.store;

import java.util.List;
import org.kvstore.server.model.Bytes;
import org.kvstore.server.model.Entry;
import org.kvstore.server.model.KeyRange;
import org.kvstore.server.model.ListQuery;
import org.kvstore.server.model.Page;

/**
 * Reads a whole range from one view, a bounded chunk at a time, however long its reader takes. To
 * be closed; the store takes it back when it closes.
 */
public final class EntryScan implements AutoCloseable {
  private final PinnedView view;
  private final ListQuery chunk;
  private Page page;

  EntryScan(PinnedView view, KeyRange range, int chunkKeys, long chunkBytes) {
    this.view = view;
    chunk = new ListQuery(range, false, chunkKeys, chunkBytes, false, null, Bytes.EMPTY, 0, null);
    page = view.read(at -> Lister.page(at, chunk));
  }

  /** The revision that the scan shows. */
  public long revision() {
    return page.revision();
  }

  /** The entries read last; at first the first of the range. */
  public List<Entry> entries() {
    return page.entries();
  }

  /**
   * Reads on; false at the end of the range.
   *
   * @throws org.kvstore.server.model.KeyValueException UNAVAILABLE when the store was closed
   */
  public boolean advance() {
    Bytes last = page.last();
    if (last == null) {
      return false;
    }
    ListQuery next =
        new ListQuery(
            chunk.range().from(last.successor()),
            false,
            chunk.limit(),
            chunk.maxBytes(),
            false,
            null,
            Bytes.EMPTY,
            0,
            null);
    page = view.read(at -> Lister.page(at, next));
    return true;
  }

  @Override
  public void close() {
    view.close();
  }
}
