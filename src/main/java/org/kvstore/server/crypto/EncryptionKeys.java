package org.kvstore.server.crypto;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.KeyValueException;

/**
 * The keys that the operator gave: the first one encrypts, the others are there to read what
 * earlier ones did. Without any, nothing is encrypted.
 */
public final class EncryptionKeys {
  /** No key: nothing is encrypted. */
  public static final EncryptionKeys NONE = new EncryptionKeys(List.of());

  /** What to do about a key that is missing. */
  public static final String ADVICE =
      "Set kv.encryption.key-file (KV_ENCRYPTION_KEY_FILE) to a file with that key";

  private static final String KEY = "kv.encryption.key";
  private static final String FILE = "kv.encryption.key-file";

  private final List<MasterKey> keys;

  EncryptionKeys(List<MasterKey> keys) {
    this.keys = List.copyOf(keys);
  }

  /**
   * Reads and checks the properties.
   *
   * @param config the value of a property by its name, or empty
   * @throws KeyValueException UNAVAILABLE, naming the property and what is allowed; never a key
   */
  public static EncryptionKeys read(Function<String, Optional<String>> config) {
    Optional<String> key = config.apply(KEY).map(String::strip);
    Optional<String> file = config.apply(FILE).map(String::strip);
    if (key.isPresent() && file.isPresent()) {
      throw refusal("%s and %s are both set; one is enough.".formatted(KEY, FILE));
    }
    if (file.isPresent()) {
      return new EncryptionKeys(readFile(file.get()));
    }
    return key.map(text -> new EncryptionKeys(List.of(parse(text, KEY)))).orElse(NONE);
  }

  /** Whether there is none, so that nothing is encrypted. */
  public boolean isEmpty() {
    return keys.isEmpty();
  }

  /** The one that encrypts. */
  public MasterKey first() {
    return keys.get(0);
  }

  /** All of them, the one that encrypts first. */
  List<MasterKey> all() {
    return keys;
  }

  /** The key of an id, if it is among them. */
  public Optional<MasterKey> find(String id) {
    return keys.stream().filter(key -> key.id().equals(id)).findFirst();
  }

  /** What is wrong with something that a key encrypted which is not among these. */
  public String missing(String id) {
    String known =
        switch (keys.size()) {
          case 0 -> "no key is set";
          case 1 -> "the only key is " + this;
          default -> "the only keys are " + this;
        };
    return "is encrypted with the key %s, and %s".formatted(id, known);
  }

  private static List<MasterKey> readFile(String file) {
    List<String> lines;
    try {
      lines = Files.readAllLines(Path.of(file));
    } catch (IOException | RuntimeException e) {
      throw refusal("%s is '%s', which cannot be read (%s).".formatted(FILE, file, e));
    }
    List<MasterKey> keys = new ArrayList<>();
    for (int line = 0; line < lines.size(); line++) {
      String text = lines.get(line).strip();
      if (!text.isEmpty()) {
        keys.add(parse(text, "Line %d of %s (%s)".formatted(line + 1, file, FILE)));
      }
    }
    if (keys.isEmpty()) {
      throw refusal("%s is '%s', in which there is no key.".formatted(FILE, file));
    }
    return keys;
  }

  private static MasterKey parse(String text, String where) {
    try {
      byte[] key =
          text.length() == 2 * MasterKey.BYTES
              ? HexFormat.of().parseHex(text)
              : Base64.getDecoder().decode(text);
      if (key.length == MasterKey.BYTES) {
        return new MasterKey(key);
      }
    } catch (IllegalArgumentException neither) {
      // Its message would show a part of the key.
    }
    throw refusal(
        where
            + " is not a key: 32 random bytes in base64 or hexadecimal, such as 'openssl rand"
            + " -base64 32' makes.");
  }

  private static KeyValueException refusal(String detail) {
    return KeyValueException.of(ErrorCode.UNAVAILABLE, detail);
  }

  /** The ids only. */
  @Override
  public String toString() {
    return keys.stream().map(MasterKey::id).collect(Collectors.joining(", "));
  }
}
