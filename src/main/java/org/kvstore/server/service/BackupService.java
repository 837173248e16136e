package org.kvstore.server.service;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.io.IOException;
import java.io.InputStream;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.stream.Stream;
import org.jspecify.annotations.NullUnmarked;
import org.kvstore.api.CheckpointDocument;
import org.kvstore.api.ErrorCode;
import org.kvstore.api.RestoredDocument;
import org.kvstore.api.archive.ArchiveException;
import org.kvstore.api.archive.ArchiveHead;
import org.kvstore.api.archive.ArchiveReader;
import org.kvstore.api.archive.ArchiveWriter;
import org.kvstore.server.crypto.EncryptionKeys;
import org.kvstore.server.crypto.MasterKey;
import org.kvstore.server.crypto.SealedFile;
import org.kvstore.server.model.Access;
import org.kvstore.server.model.AuditTrail;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.model.Permission;
import org.kvstore.server.store.DataDirectory;
import org.kvstore.server.store.DatabaseCopy;
import org.kvstore.server.store.Replacement;
import org.kvstore.server.store.Store;

/**
 * Copies of the whole store while it runs, and the way back. Each copy of a single server is of one
 * revision; making it costs hard links and the newest writes. That of a cluster is written anew,
 * see {@link ClusterCopy}. One copy is made and one restored at a time.
 */
@ApplicationScoped
public class BackupService {
  private static final Logger LOG = System.getLogger(BackupService.class.getName());

  private final EngineHandle handle;
  private final Semaphore copying = new Semaphore(1);
  private final Semaphore restoring = new Semaphore(1);
  private volatile LastBackup last = LastBackup.NONE;

  /** For the container's proxy only. */
  @NullUnmarked
  protected BackupService() {
    handle = null;
  }

  @Inject
  public BackupService(EngineHandle handle) {
    this.handle = handle;
  }

  /**
   * The newest backup that was sent to its end, or checkpoint that was made; zeros before any.
   *
   * @param at when it was complete: milliseconds since the epoch
   * @param revision what it shows
   * @param millis how long it took
   */
  public record LastBackup(long at, long revision, long millis) {
    static final LastBackup NONE = new LastBackup(0, 0, 0);
  }

  /** The newest backup. */
  public LastBackup lastBackup() {
    return last;
  }

  /**
   * Makes a backup, to be sent and closed.
   *
   * @throws KeyValueException TOO_MANY_REQUESTS while another one is made or sent; STORAGE_FULL, as
   *     a copy holds back the room of files that the store would delete
   */
  public Backup backup(Access access) {
    access.requireAll(Permission.ADMIN);
    Runnable permit = () -> access.requireAll(Permission.ADMIN);
    return access.trail().of("backup", "", () -> backup(permit));
  }

  private Backup backup(Runnable permit) {
    Engine engine = handle.require();
    long start = engine.clock().millis();
    requireRoomForCopy(engine);
    Path copy = engine.directory().newTemporary();
    begin(copying, "A backup");
    Runnable end =
        () -> {
          DataDirectory.discard(copy);
          copying.release();
        };
    try {
      long revision = copy(engine, copy, permit);
      ArchiveHead head =
          new ArchiveHead(
              engine.storeId(),
              revision,
              engine.clock().instant(),
              keyId(engine.config().store().keys()));
      ArchiveWriter archive =
          new ArchiveWriter(head, members(copy, head, engine.config().store().keys()));
      return new Backup(
          head,
          archive,
          engine.config().backupRate(),
          permit,
          () -> finished("sent", revision, start),
          end);
    } catch (IOException e) {
      end.run();
      throw failed(e);
    } catch (RuntimeException e) {
      end.run();
      throw e;
    }
  }

  private static boolean isCluster(Engine engine) {
    return engine.config().cluster().isPresent();
  }

  /** Makes a database of everything; the revision that it shows. */
  private static long copy(Engine engine, Path copy, Runnable permit) {
    return isCluster(engine)
        ? new ClusterCopy(engine, permit).writeTo(copy)
        : only(engine).copyTo(copy);
  }

  /** The store of a single server. */
  private static Store only(Engine engine) {
    return engine.shards().data().get(0).store();
  }

  /**
   * Of files that are written anew. Those are of the log, as the others are linked; on a node of a
   * cluster all, for which there has to be room as they come.
   */
  private static void requireRoomForCopy(Engine engine) {
    engine.disk().requireRoomFor(isCluster(engine) ? 0 : only(engine).recoveryBytes());
  }

  /** The files of a database; what RocksDB writes for people, and its lock, are not among them. */
  private static List<ArchiveWriter.Member> members(
      Path database, ArchiveHead head, EncryptionKeys keys) throws IOException {
    List<ArchiveWriter.Member> members = new ArrayList<>();
    try (Stream<Path> files = Files.list(database)) {
      for (Path file : files.sorted().toList()) {
        if (ArchiveReader.isFileOfDatabase(String.valueOf(file.getFileName()))) {
          members.add(head.isEncrypted() ? sealed(file, head, keys.first()) : clear(file));
        }
      }
    }
    return members;
  }

  private static ArchiveWriter.Member clear(Path file) throws IOException {
    return new ArchiveWriter.Member(file, Files.size(file));
  }

  private static ArchiveWriter.Member sealed(Path file, ArchiveHead head, MasterKey key)
      throws IOException {
    String name = String.valueOf(file.getFileName());
    SealedFile.Identity identity = new SealedFile.Identity(head.text(), name);
    long size = Files.size(file);
    return new ArchiveWriter.Member(
        name,
        SealedFile.sealedSize(size),
        () -> SealedFile.sealing(Files.newInputStream(file), size, key, identity));
  }

  private static String keyId(EncryptionKeys keys) {
    return keys.isEmpty() ? "" : keys.first().id();
  }

  /**
   * Makes a copy on the server's own disk, by hard links, which another server can be started on.
   *
   * @throws KeyValueException NOT_FOUND when no place for copies is configured, or one on another
   *     file system than the data; METHOD_NOT_ALLOWED on a node of a cluster; TOO_MANY_REQUESTS;
   *     STORAGE_FULL; INDETERMINATE when it was made but may not be durable
   */
  public CheckpointDocument checkpoint(Access access) {
    access.requireAll(Permission.ADMIN);
    return access.trail().of("checkpoint", "", this::checkpoint);
  }

  private CheckpointDocument checkpoint() {
    Engine engine = handle.require();
    if (isCluster(engine)) {
      throw KeyValueException.of(
          ErrorCode.METHOD_NOT_ALLOWED,
          "A node of a cluster has a part of it only: GET /v1/admin/backup has all of it.");
    }
    Path folder =
        engine
            .config()
            .backupDirectory()
            .orElseThrow(() -> noPlace("There is no kv.backup.dir to make it in."));
    long start = engine.clock().millis();
    requireRoomForCopy(engine);
    Path copy = engine.directory().newTemporary();
    begin(copying, "A backup");
    try {
      Path shard = DataDirectory.shardOfCopy(copy);
      long revision = only(engine).copyTo(shard);
      DatabaseCopy.detach(shard, engine.clock().millis());
      engine.directory().completeCopy(copy);
      String time = engine.clock().instant().toString().replaceAll("[:.-]", "");
      Path whole = Files.createDirectories(folder).resolve(time + "-" + revision);
      Files.move(copy, whole, StandardCopyOption.ATOMIC_MOVE);
      makeDurable(folder);
      finished("kept", revision, start);
      return new CheckpointDocument(whole.toAbsolutePath().toString(), revision);
    } catch (AtomicMoveNotSupportedException e) {
      throw noPlace("kv.backup.dir is not on the file system of kv.data.dir.").withCause(e);
    } catch (IOException e) {
      throw failed(e);
    } finally {
      DataDirectory.discard(copy);
      copying.release();
    }
  }

  private static void makeDurable(Path folder) {
    try {
      DataDirectory.sync(folder);
    } catch (IOException e) {
      throw KeyValueException.of(ErrorCode.INDETERMINATE, "The copy is there, but may not last.")
          .withCause(e);
    }
  }

  private static KeyValueException noPlace(String detail) {
    return KeyValueException.of(ErrorCode.NOT_FOUND, detail);
  }

  /**
   * An archive that arrives.
   *
   * @param length of it, or -1 when it is not known
   * @param unencrypted whether a server with a key is to take it in clear too
   */
  public record Arrival(InputStream in, long length, boolean unencrypted) {}

  /**
   * Replaces everything by an archive; on a node of a cluster, which has to be empty, writes what
   * is in it.
   *
   * @throws KeyValueException REQUEST_INVALID when it is truncated, altered or none, or in clear
   *     and not to be; STORAGE_FULL when it does not fit; TOO_MANY_REQUESTS; PRECONDITION_FAILED
   *     when the cluster is not empty: nothing is changed by either. INDETERMINATE when it takes
   *     over, but not yet, or a part of it is written to the cluster
   */
  public RestoredDocument restore(Access access, Arrival archive) throws IOException {
    access.requireAll(Permission.ADMIN);
    try {
      RestoredDocument restored = restore(archive, () -> access.requireAll(Permission.ADMIN));
      access.trail().record("restore", "", AuditTrail.DONE);
      return restored;
    } catch (IOException e) {
      access.trail().record("restore", "", ErrorCode.REQUEST_INVALID.name());
      throw e;
    } catch (KeyValueException e) {
      access.trail().record("restore", "", e.code().name());
      throw e;
    } catch (RuntimeException e) {
      access.trail().record("restore", "", ErrorCode.INTERNAL.name());
      throw e;
    }
  }

  private RestoredDocument restore(Arrival archive, Runnable permit) throws IOException {
    Engine engine = handle.require();
    long start = engine.clock().millis();
    engine.disk().requireRoomFor(Math.max(0, archive.length()));
    begin(restoring, "A restore");
    try (Replacement copy = engine.directory().newReplacement()) {
      requireEmptyCluster(engine, permit);
      ArchiveHead head = receive(archive, copy.staged(), engine);
      // The archive may have taken hours to arrive.
      permit.run();
      long revision = takeOver(engine, copy, head, permit);
      LOG.log(
          Level.INFO,
          "A backup was restored. from={0} created={1} backup={2} revision={3} millis={4}",
          head.storeId(),
          head.createdAt(),
          Long.toString(head.revision()),
          Long.toString(revision),
          engine.clock().millis() - start);
      return new RestoredDocument(
          revision, head.revision(), head.storeId(), head.createdAt().toString());
    } catch (KeyValueException e) {
      LOG.log(
          Level.WARNING,
          "An archive was not restored. code={0} reason={1}",
          e.code(),
          e.getMessage());
      throw e;
    } catch (IOException e) {
      LOG.log(Level.WARNING, "An archive was not restored, as it broke off. reason={0}", e);
      throw e;
    } finally {
      restoring.release();
    }
  }

  /** Before an archive is received for hours. */
  private static void requireEmptyCluster(Engine engine, Runnable permit) {
    if (isCluster(engine)) {
      new ClusterCopy(engine, permit).requireEmpty();
    }
  }

  /** The revision that it shows now; 0 on a node of a cluster, where each shard has its own. */
  private static long takeOver(Engine engine, Replacement copy, ArchiveHead head, Runnable permit) {
    if (!isCluster(engine)) {
      return only(engine).restore(copy, head.revision(), engine.clock().millis());
    }
    ClusterCopy cluster = new ClusterCopy(engine, permit);
    cluster.requireEmpty();
    cluster.readFrom(copy.staged(), head.revision());
    return 0;
  }

  /** Writes the files of an archive, durably, and checks all of it. */
  private static ArchiveHead receive(Arrival archive, Path staged, Engine engine)
      throws IOException {
    try {
      StagedArchive target =
          new StagedArchive(
              staged, engine.disk(), engine.config().store().keys(), archive.unencrypted());
      ArchiveHead head = ArchiveReader.read(archive.in(), target);
      target.requireRoomToEncrypt();
      DataDirectory.sync(staged);
      return head;
    } catch (ArchiveException e) {
      throw KeyValueException.invalid("body", String.valueOf(e.getMessage()));
    }
  }

  private static void begin(Semaphore one, String what) {
    if (!one.tryAcquire()) {
      throw KeyValueException.of(ErrorCode.TOO_MANY_REQUESTS, what + " is under way already.")
          .withLimit(1);
    }
  }

  private void finished(String how, long revision, long start) {
    long now = handle.require().clock().millis();
    last = new LastBackup(now, revision, now - start);
    LOG.log(
        Level.INFO,
        "A backup was {0}. revision={1} millis={2}",
        how,
        Long.toString(revision),
        now - start);
  }

  private static KeyValueException failed(IOException cause) {
    return KeyValueException.of(ErrorCode.INTERNAL, "The copy could not be made.").withCause(cause);
  }
}
