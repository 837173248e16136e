package org.kvstore.liberty;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Map;
import java.util.jar.JarFile;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;

/**
 * Open Liberty with the application, unpacked from this jar.
 *
 * <p>It is unpacked once into a directory named after the content, so that later starts need not
 * unpack, and several servers share it: nothing writes to it afterwards. It holds no user data and
 * may be deleted whenever no server runs.
 *
 * @param root the directory that belongs to this content
 * @param home Liberty's home in it
 */
record Installation(Path root, Path home) {
  private static final String CONTENT = "wlp.zip";

  static Installation unpacked(Map<String, String> environment) {
    Path parent = parent(environment);
    try (JarFile jar = new JarFile(Launcher.ownJar().toFile())) {
      ZipEntry content = jar.getEntry(CONTENT);
      Path root = parent.resolve("%08x-%x".formatted(content.getCrc(), content.getSize()));
      Path home = root.resolve("wlp");
      if (!Files.isDirectory(home)) {
        Files.createDirectories(root);
        unpack(jar.getInputStream(content), "wlp", home);
      }
      return new Installation(root, home);
    } catch (IOException e) {
      throw new StartupException(
          "cannot unpack the server into " + parent + " (set KV_INSTALL_DIR to another one)", e);
    }
  }

  private static Path parent(Map<String, String> environment) {
    String chosen = environment.get("KV_INSTALL_DIR");
    if (chosen != null) {
      return Path.of(chosen).toAbsolutePath();
    }
    String cache = environment.get("XDG_CACHE_HOME");
    Path caches =
        cache == null ? Path.of(System.getProperty("user.home"), ".cache") : Path.of(cache);
    return caches.resolve("kvstore").toAbsolutePath();
  }

  /**
   * Moves a complete tree into place, so that no other process ever sees half of one.
   *
   * @param name the directory of the content that is wanted; empty for all of it
   */
  static void unpack(InputStream content, String name, Path target) throws IOException {
    Path partial = Files.createTempDirectory(target.getParent(), "partial-");
    try (ZipInputStream zip = new ZipInputStream(content)) {
      for (ZipEntry entry = zip.getNextEntry(); entry != null; entry = zip.getNextEntry()) {
        Path file = partial.resolve(entry.getName()).normalize();
        if (entry.isDirectory()) {
          Files.createDirectories(file);
        } else {
          Files.createDirectories(file.getParent());
          Files.copy(zip, file);
        }
      }
      Files.move(partial.resolve(name), target, StandardCopyOption.ATOMIC_MOVE);
    } catch (FileSystemException e) {
      // Another process may have been faster with the same content.
      if (!Files.isDirectory(target)) {
        throw e;
      }
    } finally {
      FileTree.delete(partial);
    }
  }
}
