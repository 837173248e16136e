package org.kvstore.client.cli;

import org.kvstore.api.EntryDocument;
import org.kvstore.api.EventDocument;
import org.kvstore.client.Change;
import org.kvstore.client.Entry;

/** Changes as one line each. */
final class ChangeText {
  private ChangeText() {}

  /** The document of the contract. */
  static String json(Change change) {
    Entry previous = change.previous();
    return Json.write(
        new EventDocument(
            change.type().wireName(),
            EntryText.document(change.entry()),
            previous == null ? null : EntryText.document(previous),
            change.reason().wireName(),
            change.time().toString()));
  }

  /** Revision, type, key and value, and the earlier value when there is one. */
  static String line(Change change) {
    StringBuilder line = new StringBuilder();
    line.append(change.revision()).append(' ').append(change.type().wireName());
    line.append(' ').append(change.key());
    if (change.type() == Change.Type.PUT) {
      line.append(" = ").append(value(change.entry()));
    }
    Entry previous = change.previous();
    if (previous != null) {
      line.append(" (was ").append(value(previous)).append(')');
    }
    if (change.reason() != Change.Reason.CLIENT) {
      line.append(" [").append(change.reason().wireName()).append(']');
    }
    return line.toString();
  }

  /** A value on one line: control characters are escaped, and bytes that are no text counted. */
  private static String value(Entry entry) {
    String text = EntryDocument.textOrNull(entry.value().bytes());
    if (text == null) {
      return "<" + entry.value().size() + " bytes>";
    }
    StringBuilder line = new StringBuilder();
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (Character.isISOControl(c)) {
        line.append("\\u%04x".formatted((int) c));
      } else {
        line.append(c);
      }
    }
    return line.toString();
  }
}
