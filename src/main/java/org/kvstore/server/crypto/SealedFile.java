package org.kvstore.server.crypto;

import java.io.ByteArrayInputStream;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.security.GeneralSecurityException;
import java.util.Objects;
import javax.crypto.AEADBadTagException;
import javax.crypto.Cipher;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;
import org.kvstore.server.model.KeyValueException;

/**
 * A file of a backup, encrypted in chunks by AES-256-GCM, in constant memory: the construction
 * STREAM (Hoang, Reyhanitabar, Rogaway and Vizár, 2015) with a key of its own for each file, as
 * Tink's AES-GCM-HKDF-Streaming has it.
 *
 * <pre>
 * sealed   salt (32 bytes), chunks
 * chunk    ciphertext of 64 KiB, of the last one of what is left; tag (16 bytes)
 * nonce    zeros (7 bytes), number of the chunk (4 bytes), 1 for the last chunk, else 0
 * key      derived from the master key, the salt, and what the file is
 * </pre>
 *
 * So chunks cannot be left out, exchanged or cut off, nor can files, or files of different backups.
 */
public final class SealedFile {
  static final int CHUNK_BYTES = 64 << 10;
  static final int SALT_BYTES = 32;
  private static final int NUMBER_AT = 7;
  private static final int LAST_AT = 11;
  private static final int NONCE_BYTES = 12;

  private final Cipher cipher = ExtendedGcm.cipher("AES/GCM/NoPadding");
  private final byte[] nonce = new byte[NONCE_BYTES];
  private final SecretKeySpec key;
  private final int mode;

  private SealedFile(int mode, MasterKey master, byte[] salt, Identity identity) {
    this.mode = mode;
    key = ExtendedGcm.aes(master.derive("backup", salt, identity.bytes()));
  }

  /** How long a file of a size becomes: bytes. */
  public static long sealedSize(long size) {
    long chunks = Math.max(1, (size + CHUNK_BYTES - 1) / CHUNK_BYTES);
    return SALT_BYTES + size + chunks * ExtendedGcm.TAG_BYTES;
  }

  /**
   * Encrypts while it is read.
   *
   * @param size bytes of the file; no more are read
   */
  public static InputStream sealing(InputStream in, long size, MasterKey master, Identity file) {
    byte[] salt = DataKey.randomBytes(SALT_BYTES);
    return new Sealing(in, size, new SealedFile(Cipher.ENCRYPT_MODE, master, salt, file), salt);
  }

  /**
   * Decrypts what is written to it. Nothing of a chunk is passed on before all of the chunk is
   * known to be as it was; of the whole that is known when it is closed.
   *
   * @throws KeyValueException REQUEST_INVALID, when writing or closing it, if something is not
   */
  public static OutputStream opening(OutputStream out, MasterKey master, Identity file) {
    return new Opening(out, master, file);
  }

  /**
   * What a file is, which has to be the same when it is opened.
   *
   * @param backup all that its backup says of itself
   * @param name of the file in it
   */
  public record Identity(String backup, String name) {
    private byte[] bytes() {
      return MasterKey.bytes(backup + "\0" + name);
    }
  }

  /** Null when the chunk was altered. */
  private byte @Nullable [] next(byte[] chunk, int length, boolean last) {
    if (mode == Cipher.DECRYPT_MODE && length < ExtendedGcm.TAG_BYTES) {
      return null;
    }
    nonce[LAST_AT] = (byte) (last ? 1 : 0);
    try {
      cipher.init(mode, key, new GCMParameterSpec(ExtendedGcm.TAG_BYTES * Byte.SIZE, nonce));
      byte[] done = cipher.doFinal(chunk, 0, length);
      countUp();
      return done;
    } catch (AEADBadTagException altered) {
      return null;
    } catch (GeneralSecurityException e) {
      throw ExtendedGcm.impossible(e);
    }
  }

  private void countUp() {
    for (int i = LAST_AT - 1; i >= NUMBER_AT; i--) {
      if (++nonce[i] != 0) {
        return;
      }
    }
    throw new IllegalStateException("A file of a backup is longer than 256 TiB.");
  }

  private static final class Sealing extends InputStream {
    private final InputStream in;
    private final SealedFile file;
    private final byte[] chunk = new byte[CHUNK_BYTES];
    private InputStream ready;
    private long left;
    private boolean ended;

    Sealing(InputStream in, long size, SealedFile file, byte[] salt) {
      this.in = in;
      this.file = file;
      left = size;
      ready = new ByteArrayInputStream(salt);
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
      int read = ready.read(target, offset, length);
      if (read >= 0 || ended) {
        return read;
      }
      int size = (int) Math.min(CHUNK_BYTES, left);
      if (in.readNBytes(chunk, 0, size) < size) {
        return -1;
      }
      left -= size;
      ended = left == 0;
      ready = new ByteArrayInputStream(Objects.requireNonNull(file.next(chunk, size, ended)));
      return ready.read(target, offset, length);
    }

    @Override
    public void close() throws IOException {
      in.close();
    }
  }

  /** Holds each chunk back until more follows: only then it is known not to be the last one. */
  private static final class Opening extends FilterOutputStream {
    private final MasterKey master;
    private final Identity identity;
    private byte[] part = new byte[SALT_BYTES];
    private int filled;

    /** Once the salt is there. */
    private @Nullable SealedFile file;

    Opening(OutputStream out, MasterKey master, Identity identity) {
      super(out);
      this.master = master;
      this.identity = identity;
    }

    @Override
    public void write(int one) throws IOException {
      write(new byte[] {(byte) one}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
      for (int at = offset; at < offset + length; ) {
        if (filled == part.length) {
          pass(false);
        }
        int more = Math.min(offset + length - at, part.length - filled);
        System.arraycopy(bytes, at, part, filled, more);
        filled += more;
        at += more;
      }
    }

    private void pass(boolean last) throws IOException {
      SealedFile begun = file;
      if (begun == null) {
        file = new SealedFile(Cipher.DECRYPT_MODE, master, part, identity);
        part = new byte[CHUNK_BYTES + ExtendedGcm.TAG_BYTES];
      } else {
        byte[] text = begun.next(part, filled, last);
        if (text == null) {
          throw altered();
        }
        out.write(text);
      }
      filled = 0;
    }

    @Override
    public void close() throws IOException {
      try (OutputStream closing = out) {
        if (file == null) {
          throw altered();
        }
        pass(true);
        closing.flush();
      }
    }

    private KeyValueException altered() {
      return KeyValueException.invalid(
          "body", "The archive was altered: %s does not decrypt.".formatted(identity.name()));
    }
  }
}
