package org.kvstore.server.store;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/** A file on a {@link TracedDisk}: what was synced, and what was written since. */
final class TracedFile {
  private static final int PAGE = 4096;

  private final Content synced = new Content();
  private final List<Change> pending = new ArrayList<>();
  private int size;

  /** A write, or without data a change of the size. */
  private record Change(int place, int offset, byte @Nullable [] data) {
    Change cut(int length) {
      return data == null ? this : new Change(place, offset, Arrays.copyOf(data, length));
    }

    int length() {
      return data == null ? 0 : data.length;
    }
  }

  int size() {
    return size;
  }

  void write(int place, int offset, byte[] data) {
    pending.add(new Change(place, offset, data));
    size = Math.max(size, offset + data.length);
  }

  void resize(int place, int newSize) {
    pending.add(new Change(place, newSize, null));
    size = newSize;
  }

  /** What was written before a place in the record is durable. */
  void sync(int place) {
    while (!pending.isEmpty() && pending.get(0).place() < place) {
      synced.apply(pending.remove(0));
    }
  }

  boolean isSynced() {
    return pending.isEmpty();
  }

  /** Without what was not synced. */
  byte[] dropped() {
    return synced.toArray();
  }

  /** With everything. */
  byte[] kept() {
    return after(pending.size()).toArray();
  }

  /** With the first writes, of which the last is cut off at any byte. */
  byte[] torn(Random random) {
    if (pending.isEmpty()) {
      return dropped();
    }
    int last = random.nextInt(pending.size());
    Content content = after(last);
    Change change = pending.get(last);
    content.apply(change.cut(random.nextInt(change.length() + 1)));
    return content.toArray();
  }

  /** With some of the pages that were written, in no order; the others are as they were synced. */
  byte[] scattered(Random random) {
    byte[] some = after(random.nextInt(pending.size() + 1)).toArray();
    byte[] old = Arrays.copyOf(dropped(), some.length);
    for (int page = 0; page < some.length; page += PAGE) {
      int end = Math.min(page + PAGE, some.length);
      if (random.nextBoolean()) {
        System.arraycopy(old, page, some, page, end - page);
      }
    }
    return some;
  }

  private Content after(int changes) {
    Content content = synced.copy();
    pending.subList(0, changes).forEach(content::apply);
    return content;
  }

  /** Bytes that grow. */
  private static final class Content {
    private byte[] bytes = new byte[0];
    private int size;

    Content copy() {
      Content copy = new Content();
      copy.bytes = toArray();
      copy.size = size;
      return copy;
    }

    byte[] toArray() {
      return Arrays.copyOf(bytes, size);
    }

    void apply(Change change) {
      byte[] data = change.data();
      if (data == null) {
        resize(change.offset());
        return;
      }
      resize(Math.max(size, change.offset() + data.length));
      System.arraycopy(data, 0, bytes, change.offset(), data.length);
    }

    private void resize(int newSize) {
      if (newSize < size) {
        Arrays.fill(bytes, newSize, size, (byte) 0);
      }
      if (newSize > bytes.length) {
        bytes = Arrays.copyOf(bytes, Math.max(newSize, 2 * bytes.length));
      }
      size = newSize;
    }
  }
}
