import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * One answer of Server-Sent Events, taken apart as its bytes come: the head, chunks, blocks. Only
 * what a block says of a put is looked at.
 */
final class EventStream {
  private static final byte[] VALUE = bytes("\"value\":\"");
  private static final byte[] REVISION = bytes("\"modRevision\":");
  private static final byte[] PUT = bytes("event: put\n");
  private static final byte[] PROGRESS = bytes("event: progress\n");
  private static final byte[] RETRY = bytes("retry: ");

  /** Hears of the events of the stream. */
  interface Listener {
    void progress();

    /** A put: its sequence number, when it was sent, and its revision. */
    void put(int write, long sentAt, long revision);
  }

  private enum Part {
    HEAD,
    SIZE,
    DATA,
    END
  }

  private final Listener listener;
  private Part part = Part.HEAD;
  private int remaining;
  private byte[] text = new byte[4096];
  private int length;

  EventStream(Listener listener) {
    this.listener = listener;
  }

  void accept(ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      switch (part) {
        case HEAD -> head(bytes.get());
        case SIZE -> size(bytes.get());
        case DATA -> data(bytes);
        case END -> part = bytes.get() == '\n' ? Part.SIZE : part;
      }
    }
  }

  private void head(byte b) {
    room(1);
    text[length++] = b;
    if (length < 4 || b != '\n' || text[length - 3] != '\n') {
      return;
    }
    String head = new String(text, 0, length, StandardCharsets.US_ASCII);
    if (!head.startsWith("HTTP/1.1 200 ") || !head.contains("Transfer-Encoding: chunked")) {
      throw new Failure("a watch was answered " + head);
    }
    length = 0;
    part = Part.SIZE;
  }

  private void size(byte b) {
    if (b != '\n') {
      remaining = b == '\r' ? remaining : remaining * 16 + Character.digit(b, 16);
      return;
    }
    if (remaining == 0) {
      throw new Failure("the server ended a watch");
    }
    part = Part.DATA;
  }

  private void data(ByteBuffer bytes) {
    int take = Math.min(remaining, bytes.remaining());
    room(take);
    bytes.get(text, length, take);
    int from = Math.max(0, length - 1);
    length += take;
    remaining -= take;
    part = remaining == 0 ? Part.END : part;
    blocks(from);
  }

  /** Takes the whole blocks away; no block ends before {@code from}. */
  private void blocks(int from) {
    int start = 0;
    // Every second byte will do to see two line feeds in a row.
    for (int i = from + 1; i < length; i += 2) {
      if (text[i] != '\n') {
        continue;
      }
      int end = text[i - 1] == '\n' ? i - 1 : i;
      if (end + 1 < length && text[end + 1] == '\n') {
        block(start, end);
        start = end + 2;
        i = start - 1;
      }
    }
    System.arraycopy(text, start, text, 0, length - start);
    length -= start;
  }

  private void block(int start, int end) {
    if (isAt(PUT, start, end)) {
      int value = find(VALUE, start, end);
      int revision = find(REVISION, value + Ledger.VALUE_BYTES, end);
      listener.put((int) number(value), number(value + 11), number(revision));
    } else if (isAt(PROGRESS, start, end)) {
      listener.progress();
    } else if (!isAt(RETRY, start, end)) {
      String block = new String(text, start, end - start, StandardCharsets.UTF_8);
      throw new Failure("unexpected in a watch: " + block);
    }
  }

  /** Where the text after a pattern begins. */
  private int find(byte[] pattern, int start, int end) {
    for (int i = start; i < end; i++) {
      if (text[i] == pattern[0] && isAt(pattern, i, end)) {
        return i + pattern.length;
      }
    }
    throw new Failure("no " + new String(pattern, StandardCharsets.US_ASCII) + " in an event");
  }

  private boolean isAt(byte[] pattern, int start, int end) {
    return start + pattern.length <= end
        && Arrays.equals(text, start, start + pattern.length, pattern, 0, pattern.length);
  }

  private long number(int at) {
    long number = 0;
    for (int i = at; text[i] >= '0' && text[i] <= '9'; i++) {
      number = number * 10 + text[i] - '0';
    }
    return number;
  }

  private void room(int more) {
    if (length + more > text.length) {
      text = Arrays.copyOf(text, Math.max(2 * text.length, length + more));
    }
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }
}
