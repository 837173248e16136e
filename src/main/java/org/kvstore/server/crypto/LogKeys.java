package org.kvstore.server.crypto;

import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.KeyValueException;

/**
 * What the entries of replicated logs are encrypted with: a key derived from each of the operator's
 * keys, which every node has. An entry is sealed once, where it is made, and copied from node to
 * node as it is. For any number of threads.
 *
 * <pre>
 * sealed   3, id of the operator's key (8 bytes), entry sealed by {@link ExtendedGcm}
 * </pre>
 *
 * <p>What is before the entry is authenticated with it, and so is the name of its log: an entry
 * cannot be put into the log of another shard. Its place within its log is not, as nobody knows
 * that when it is made.
 */
public final class LogKeys {
  /** No key: entries are in clear. */
  public static final LogKeys NONE = new LogKeys(EncryptionKeys.NONE);

  /** Follows those of entries in clear. */
  private static final int FORMAT = 3;

  private static final int ID_AT = 1;
  private static final int SEALED_AT = ID_AT + 8;
  private static final String PURPOSE = "replicated log";

  private final EncryptionKeys masters;
  private final Map<String, DataKey> keys = new LinkedHashMap<>();
  private final List<String> ids;

  /** Those that are derived from the operator's. */
  public LogKeys(EncryptionKeys masters) {
    this.masters = masters;
    masters.all().forEach(master -> keys.put(master.id(), DataKey.derived(master, PURPOSE)));
    ids = List.copyOf(keys.keySet());
  }

  /** Whether there is none, so that entries are in clear. */
  public boolean isEmpty() {
    return keys.isEmpty();
  }

  /** The ids of the operator's keys, the one that encrypts first. */
  public List<String> ids() {
    return ids;
  }

  /** The id of the operator's key that an entry is sealed with; empty for one in clear. */
  public static String keyOf(byte[] entry) {
    return entry.length > SEALED_AT && entry[0] == FORMAT
        ? HexFormat.of().formatHex(entry, ID_AT, SEALED_AT)
        : "";
  }

  /**
   * Seals an entry.
   *
   * @param id of one of these keys
   * @param log names the log that it is for
   */
  public byte[] seal(String id, byte[] log, byte[] entry) {
    DataKey key = keys.get(id);
    if (key == null) {
      throw new IllegalArgumentException("There is no key " + id + ".");
    }
    byte[] head = new byte[SEALED_AT];
    head[0] = FORMAT;
    System.arraycopy(HexFormat.of().parseHex(id), 0, head, ID_AT, SEALED_AT - ID_AT);
    byte[] sealed = key.sealer().seal(joined(head, log), entry);
    return joined(head, sealed);
  }

  /**
   * Opens an entry. Without any key, one in clear is as it is.
   *
   * @throws KeyValueException UNAVAILABLE when its key is not among these; INTERNAL when it was
   *     altered, is of another log, or is in clear though there are keys
   */
  public byte[] open(byte[] log, byte[] entry) {
    String id = keyOf(entry);
    if (id.isEmpty() && keys.isEmpty()) {
      return entry;
    }
    requireKey(id);
    DataKey key = keys.get(id);
    byte[] head = Arrays.copyOf(entry, SEALED_AT);
    byte[] opened = key == null ? null : key.open(entry, SEALED_AT, joined(head, log));
    if (opened == null) {
      throw KeyValueException.of(
          ErrorCode.INTERNAL, "An entry of the log does not decrypt, so it was altered.");
    }
    return opened;
  }

  /**
   * Makes sure that what a key encrypted can be opened.
   *
   * @param id that of the operator's key; empty for what is in clear
   * @throws KeyValueException as {@link #open}
   */
  public void requireKey(String id) {
    if (id.isEmpty() && !keys.isEmpty()) {
      throw KeyValueException.of(
          ErrorCode.INTERNAL, "An entry of the log is in clear, though there is a key.");
    }
    if (!id.isEmpty() && !keys.containsKey(id)) {
      throw KeyValueException.of(
          ErrorCode.UNAVAILABLE,
          "An entry of the log %s. %s.".formatted(masters.missing(id), EncryptionKeys.ADVICE));
    }
  }

  private static byte[] joined(byte[] first, byte[] second) {
    byte[] joined = Arrays.copyOf(first, first.length + second.length);
    System.arraycopy(second, 0, joined, first.length, second.length);
    return joined;
  }
}
