package org.kvstore.server.service;

import java.io.OutputStream;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.kvstore.api.archive.ArchiveHead;
import org.kvstore.api.archive.ArchiveReader;
import org.kvstore.server.crypto.EncryptionKeys;
import org.kvstore.server.crypto.MasterKey;
import org.kvstore.server.crypto.SealedFile;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.replication.DiskSpace;
import org.kvstore.server.store.DatabaseCopy;

/**
 * Where the files of an archive go that arrives; those of an encrypted one are decrypted. A server
 * with a key takes one in clear only when it is told to: anybody could have made it who can write
 * where backups are kept.
 */
final class StagedArchive implements ArchiveReader.Target {
  private static final Logger LOG = System.getLogger(StagedArchive.class.getName());

  private final Path directory;
  private final DiskSpace disk;
  private final EncryptionKeys keys;
  private final boolean unencrypted;
  private String head = "";
  private @Nullable MasterKey key;

  /**
   * @param unencrypted whether one in clear is taken too where there is a key
   */
  StagedArchive(Path directory, DiskSpace disk, EncryptionKeys keys, boolean unencrypted) {
    this.directory = directory;
    this.disk = disk;
    this.keys = keys;
    this.unencrypted = unencrypted;
  }

  @Override
  public void begin(ArchiveHead archive) {
    head = archive.text();
    if (archive.isEncrypted()) {
      key = keys.find(archive.keyId()).orElseThrow(() -> locked(archive.keyId()));
    } else if (!keys.isEmpty()) {
      if (!unencrypted) {
        throw notEncrypted();
      }
      LOG.log(
          Level.WARNING,
          "An archive in clear is being restored: nothing but its checksums says who made it.");
    }
  }

  /** What came in clear is written once more, encrypted, before it goes. */
  void requireRoomToEncrypt() {
    if (key == null && !keys.isEmpty()) {
      disk.requireRoomFor(DatabaseCopy.bytesToEncrypt(directory));
    }
  }

  private static KeyValueException notEncrypted() {
    return KeyValueException.invalid(
        "unencrypted",
        "The archive is in clear, and this server encrypts. Only its checksums, which anybody can"
            + " make, say that it is a backup. unencrypted=true (kv restore --unencrypted)"
            + " restores it all the same, encrypted.");
  }

  private KeyValueException locked(String keyId) {
    return KeyValueException.invalid(
        "body", "The archive %s. %s.".formatted(keys.missing(keyId), EncryptionKeys.ADVICE));
  }

  @Override
  public OutputStream open(String name, long size) {
    disk.requireRoomFor(size);
    StagedFile file = StagedFile.create(directory.resolve(name), disk);
    return key == null ? file : SealedFile.opening(file, key, new SealedFile.Identity(head, name));
  }
}
