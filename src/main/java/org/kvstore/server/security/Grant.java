package org.kvstore.server.security;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HexFormat;
import org.kvstore.server.model.Bytes;
import org.kvstore.server.model.KeyRange;
import org.kvstore.server.model.Permission;

/**
 * A permission on every key that begins with a prefix; there is one for a holder and a prefix.
 *
 * @param holder whose it is
 * @param prefix what the keys begin with, byte for byte: {@code orders} is that of {@code
 *     orders-old} too; empty for every key
 * @param permission what it allows
 * @param range those keys
 */
record Grant(Holder holder, String prefix, Permission permission, KeyRange range) {
  private static final int ID_BYTES = 16;

  Grant(Holder holder, String prefix, Permission permission) {
    this(holder, prefix, permission, KeyRange.ofPrefix(Bytes.ofUtf8(prefix)));
  }

  /** The grant for people. */
  String text() {
    return "%s %s: %s %s*"
        .formatted(holder.kind().label(), holder.name(), SecurityRows.label(permission), prefix);
  }

  /** What it is named by: the same for the same holder and prefix. */
  String id() {
    MessageDigest digest = Digests.sha256();
    for (String part : new String[] {holder.kind().label(), holder.name(), prefix}) {
      byte[] bytes = part.getBytes(StandardCharsets.UTF_8);
      digest.update((byte) (bytes.length >> 8));
      digest.update((byte) bytes.length);
      digest.update(bytes);
    }
    return HexFormat.of().formatHex(Arrays.copyOf(digest.digest(), ID_BYTES));
  }
}
