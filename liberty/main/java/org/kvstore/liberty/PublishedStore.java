package org.kvstore.liberty;

import static java.nio.file.StandardCopyOption.ATOMIC_MOVE;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The server's own copy of keys or certificates that the user keeps elsewhere, in whatever form.
 *
 * <p>The copy is always whole and usable: it is replaced in one step, and only when the files have
 * not changed between two looks and were read without an error. The server would take a broken file
 * for the end of HTTPS.
 */
final class PublishedStore {
  private final String name;
  private final List<Path> files;
  private final Reader reader;
  private final Path copy;
  private final char[] password;
  private List<byte[]> handled = List.of();
  private List<byte[]> seen = List.of();
  private String complaint = "";

  /** Makes a key store of the contents of the files. */
  interface Reader {
    KeyStore read(List<byte[]> contents) throws GeneralSecurityException, IOException;
  }

  /**
   * Nothing is read yet.
   *
   * @param name what messages call it
   * @param files what is to be read, together
   * @param copy a file that does not exist
   * @param password of the copy
   */
  PublishedStore(String name, List<Path> files, Reader reader, Path copy, String password) {
    this.name = name;
    this.files = List.copyOf(files);
    this.reader = reader;
    this.copy = copy;
    this.password = password.toCharArray();
  }

  /** Publishes the first copy. */
  void publish() {
    try {
      handled = contents();
      seen = handled;
      write(reader.read(handled));
    } catch (IOException | GeneralSecurityException | RuntimeException e) {
      throw new StartupException("cannot use the " + name + " of " + files, e);
    }
  }

  /**
   * Publishes another copy if the files have changed.
   *
   * @return what people are to be told, or nothing
   */
  String refresh() {
    try {
      List<byte[]> now = contents();
      boolean settled = areEqual(now, seen);
      seen = now;
      if (!settled || areEqual(now, handled)) {
        return "";
      }
      KeyStore renewed = read(now);
      // What could not be written is written at the next look.
      write(renewed);
      handled = now;
      complaint = "";
      return "the %s of %s was renewed".formatted(name, files);
    } catch (IOException | GeneralSecurityException | RuntimeException e) {
      return complaint(e);
    }
  }

  /** What cannot be used is not looked at again before it changes. */
  private KeyStore read(List<byte[]> now) throws IOException, GeneralSecurityException {
    try {
      return reader.read(now);
    } catch (IOException | GeneralSecurityException | RuntimeException e) {
      handled = now;
      throw e;
    }
  }

  /** Says what is wrong, once. */
  private String complaint(Exception e) {
    String before = complaint;
    complaint =
        "WARNING: the %s of %s cannot be used, the former one stays: %s".formatted(name, files, e);
    return complaint.equals(before) ? "" : complaint;
  }

  private List<byte[]> contents() throws IOException {
    List<byte[]> contents = new ArrayList<>();
    for (Path file : files) {
      contents.add(Files.readAllBytes(file));
    }
    return contents;
  }

  private static boolean areEqual(List<byte[]> one, List<byte[]> other) {
    return Arrays.deepEquals(one.toArray(), other.toArray());
  }

  private void write(KeyStore store) throws IOException, GeneralSecurityException {
    ByteArrayOutputStream content = new ByteArrayOutputStream();
    store.store(content, password);
    Path partial = copy.resolveSibling(copy.getFileName() + ".partial");
    Files.deleteIfExists(partial);
    Files.createFile(partial, OwnerOnly.file(partial));
    Files.write(partial, content.toByteArray());
    Files.move(partial, copy, ATOMIC_MOVE);
  }
}
