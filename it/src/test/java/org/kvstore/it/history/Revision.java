package org.kvstore.it.history;

import jakarta.json.JsonObject;
import java.util.List;
import org.kvstore.it.support.EventStream.ServerEvent;

/**
 * One revision of the store, as a watch delivers it.
 *
 * @param number of the revision
 * @param changes one for each key that it wrote
 */
public record Revision(long number, List<Change> changes) {

  /**
   * What a revision did to one key.
   *
   * @param isPut whether it was written; else it was deleted
   * @param entry the new entry, as events and listings show it
   * @param reason why it was done
   */
  public record Change(boolean isPut, JsonObject entry, String reason) {
    public static Change of(ServerEvent event) {
      return new Change(
          event.type().equals("put"),
          event.json().getJsonObject("entry"),
          event.json().getString("reason"));
    }

    public String key() {
      return entry.getString("key");
    }

    public String value() {
      return entry.getString("value");
    }

    public long revision() {
      return entry.getJsonNumber("modRevision").longValue();
    }
  }

  /** The events of a revision. */
  public static Revision of(List<ServerEvent> events) {
    List<Change> changes = events.stream().map(Change::of).toList();
    return new Revision(changes.get(0).revision(), changes);
  }
}
