package org.kvstore.server.crypto;

import java.security.SecureRandom;
import java.util.Arrays;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;

/**
 * A key that encrypts data: as a rule the random one of a database. The database keeps it itself,
 * encrypted with a {@link MasterKey}, so a master key is changed by encrypting 32 bytes anew, and a
 * copy of a database brings its data key along.
 *
 * <pre>
 * wrapped   1, id of the master key (8 bytes), data key sealed by {@link ExtendedGcm}
 * </pre>
 */
public final class DataKey {
  private static final int FORMAT = 1;
  private static final int ID_AT = 1;
  private static final int SEALED_AT = ID_AT + 8;
  private static final String PURPOSE = "data key";
  private static final SecureRandom RANDOM = new SecureRandom();

  private final byte[] key;
  private final CipherPool ciphers;

  private DataKey(byte[] key) {
    this.key = key;
    ciphers = new CipherPool(() -> new ExtendedGcm(key));
  }

  /** A new one. */
  public static DataKey random() {
    return new DataKey(randomBytes(ExtendedGcm.KEY_BYTES));
  }

  /** One that is the same wherever the master key is; it need not be kept. */
  static DataKey derived(MasterKey master, String purpose) {
    return new DataKey(master.derive(purpose));
  }

  static byte[] randomBytes(int count) {
    byte[] random = new byte[count];
    RANDOM.nextBytes(random);
    return random;
  }

  /** Its form on disk. */
  public byte[] wrapped(MasterKey master) {
    byte[] head = new byte[SEALED_AT];
    head[0] = FORMAT;
    byte[] id = HexFormat.of().parseHex(master.id());
    System.arraycopy(id, 0, head, ID_AT, id.length);
    byte[] sealed =
        new ExtendedGcm(master.derive(PURPOSE))
            .seal(randomBytes(ExtendedGcm.NONCE_BYTES), head, key);
    byte[] wrapped = Arrays.copyOf(head, head.length + sealed.length);
    System.arraycopy(sealed, 0, wrapped, head.length, sealed.length);
    return wrapped;
  }

  /** The id of the master key that a data key is encrypted with. */
  public static String masterOf(byte[] wrapped) {
    return HexFormat.of().formatHex(wrapped, ID_AT, SEALED_AT);
  }

  /** Opens what {@link #wrapped} gave; null when it was altered, or is of an unknown format. */
  public static @Nullable DataKey unwrap(byte[] wrapped, MasterKey master) {
    byte[] head = Arrays.copyOf(wrapped, SEALED_AT);
    byte[] key = new ExtendedGcm(master.derive(PURPOSE)).open(wrapped, SEALED_AT, head);
    return key == null || head[0] != FORMAT ? null : new DataKey(key);
  }

  /** Encrypts, for one thread. */
  public Sealer sealer() {
    return new Sealer(new ExtendedGcm(key));
  }

  /**
   * Decrypts what a {@link Sealer} sealed; for any number of threads.
   *
   * @param from where it begins, in an array that it ends
   * @param associated as when it was sealed
   * @return null when anything of it was altered
   */
  public byte @Nullable [] open(byte[] sealed, int from, byte[] associated) {
    ExtendedGcm cipher = ciphers.take();
    byte[] text = cipher.open(sealed, from, associated);
    ciphers.giveBack(cipher);
    return text;
  }
}
