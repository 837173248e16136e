package org.kvstore.client;

import java.time.DateTimeException;
import java.time.Instant;
import org.jspecify.annotations.Nullable;
import org.kvstore.api.EntryDocument;
import org.kvstore.api.EventDocument;

/**
 * One change of one key, as a watch delivers it and history lists it.
 *
 * @param type what happened
 * @param entry the entry after it; of a delete only the key and the revision of the delete
 * @param previous the entry before it; null when it was not asked for, did not exist, or is not
 *     retained
 * @param reason why it happened
 * @param time when it was asked for, by the clock of the service
 */
public record Change(
    Type type, Entry entry, @Nullable Entry previous, Reason reason, Instant time) {

  /** What happened to a key. */
  public enum Type {
    /** It was created or replaced. */
    PUT,
    /** It was deleted. */
    DELETE;

    /** Its name on the wire. */
    public String wireName() {
      return this == PUT ? "put" : "delete";
    }
  }

  /** Why a change happened. */
  public enum Reason {
    /** A client asked for it. */
    CLIENT("client"),
    /** The entry's time to live ended. */
    EXPIRED("expired"),
    /** The entry's lease ended or was revoked. */
    LEASE("lease");

    private final String wireName;

    Reason(String wireName) {
      this.wireName = wireName;
    }

    /** Its name on the wire. */
    public String wireName() {
      return wireName;
    }
  }

  /** The key that changed. */
  public String key() {
    return entry.key();
  }

  /** The revision of the change. Changes of one revision happened together. */
  public long revision() {
    return entry.modRevision();
  }

  static Change of(EventDocument document) {
    EntryDocument previous = document.prev();
    try {
      return new Change(
          type(document.type()),
          Entry.of(document.entry()),
          previous == null ? null : Entry.of(previous),
          reason(document.reason()),
          Instant.parse(document.time()));
    } catch (DateTimeException notATime) {
      throw KeyValueException.notTheService(200, "an event has no valid time", notATime);
    }
  }

  private static Type type(String name) {
    return switch (name) {
      case "put" -> Type.PUT;
      case "delete" -> Type.DELETE;
      default -> throw KeyValueException.notTheService(200, "an event is a " + name, null);
    };
  }

  private static Reason reason(String name) {
    return switch (name) {
      case "client" -> Reason.CLIENT;
      case "expired" -> Reason.EXPIRED;
      case "lease" -> Reason.LEASE;
      default -> throw KeyValueException.notTheService(200, "an event's reason is " + name, null);
    };
  }
}
