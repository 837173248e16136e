package org.kvstore.it.conformance;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;

/** What somebody might make of a token that is not theirs to change. */
final class Tokens {
  private static final String ALPHABET =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

  private Tokens() {}

  /** Each character changed to another, and each byte behind them in each bit. */
  static List<String> changed(String token) {
    List<String> changed = new ArrayList<>();
    for (int i = 0; i < token.length(); i++) {
      int next = (ALPHABET.indexOf(token.charAt(i)) + 1) % ALPHABET.length();
      for (char other : new char[] {ALPHABET.charAt(next), '.', '%', ' ', '\u00E9'}) {
        changed.add(token.substring(0, i) + other + token.substring(i + 1));
      }
    }
    byte[] bytes = Base64.getUrlDecoder().decode(token);
    for (int bit = 0; bit < 8 * bytes.length; bit++) {
      byte[] flipped = bytes.clone();
      flipped[bit / 8] ^= (byte) (1 << bit % 8);
      changed.add(encoded(flipped));
    }
    return changed;
  }

  /** Each beginning of it, and some that go on. */
  static List<String> resized(String token) {
    List<String> resized = new ArrayList<>();
    for (int length = 0; length < token.length(); length++) {
      resized.add(token.substring(0, length));
    }
    byte[] bytes = Base64.getUrlDecoder().decode(token);
    for (int more : new int[] {1, 2, 3, 1000, 5000}) {
      resized.add(encoded(Arrays.copyOf(bytes, bytes.length + more)));
    }
    resized.addAll(List.of(token + "A", token + "=", token + "/", token + token, "A" + token));
    return resized;
  }

  private static String encoded(byte[] bytes) {
    return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
  }
}
