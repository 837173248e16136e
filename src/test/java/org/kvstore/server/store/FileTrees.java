package org.kvstore.server.store;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/** What tests of damage do to the files of a store. */
public final class FileTrees {
  private FileTrees() {}

  /** Copies files as they are at the moment, as a crash would leave them; returns the copy. */
  public static Path copy(Path source, Path target) {
    for (Path file : files(source)) {
      Path copied = target.resolve(source.relativize(file));
      try {
        Files.createDirectories(copied.getParent());
        Files.copy(file, copied, StandardCopyOption.REPLACE_EXISTING);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    return target;
  }

  /** Deletes a directory and all that is in it. */
  public static void delete(Path root) {
    try (Stream<Path> tree = Files.walk(root)) {
      for (Path file : tree.sorted((a, b) -> b.compareTo(a)).toList()) {
        Files.delete(file);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The files whose names end in a certain way, in the order of their names. */
  public static List<Path> ending(Path root, String suffix) {
    return files(root).stream().filter(file -> file.toString().endsWith(suffix)).toList();
  }

  /** The files whose names contain something, in the order of their names. */
  public static List<Path> containing(Path root, String part) {
    return files(root).stream()
        .filter(file -> String.valueOf(file.getFileName()).contains(part))
        .toList();
  }

  /** Size of a file up to its last byte that is not zero. */
  public static long contentSize(Path file) {
    try {
      byte[] content = Files.readAllBytes(file);
      int size = content.length;
      while (size > 0 && content[size - 1] == 0) {
        size--;
      }
      return size;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Digests of all files that hold data; what RocksDB writes for people to read is left out. */
  public static Map<String, String> digests(Path root) {
    Map<String, String> digests = new TreeMap<>();
    for (Path file : files(root)) {
      String name = root.relativize(file).toString();
      String plain = String.valueOf(file.getFileName());
      if (!plain.startsWith("LOG") && !plain.equals("LOCK")) {
        digests.put(name, digest(file));
      }
    }
    return digests;
  }

  /** Turns one bit of a file over. */
  public static void flipBit(Path file, long offset, int bit) {
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      ByteBuffer one = ByteBuffer.allocate(1);
      channel.read(one, offset);
      one.put(0, (byte) (one.get(0) ^ 1 << bit)).rewind();
      channel.write(one, offset);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Writes zeros over bytes of a file. */
  public static void zero(Path file, long from, long to) {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      channel.write(ByteBuffer.allocate((int) (to - from)), from);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Cuts a file off. */
  public static void truncate(Path file, long size) {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      channel.truncate(size);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Size of a file: bytes. */
  public static long size(Path file) {
    try {
      return Files.size(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static List<Path> files(Path root) {
    List<Path> files = new ArrayList<>();
    try {
      Files.walkFileTree(
          root,
          new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
              files.add(file);
              return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFileFailed(Path file, IOException e) throws IOException {
              if (e instanceof NoSuchFileException && !file.equals(root)) {
                // A live database deletes files that it has compacted.
                return FileVisitResult.CONTINUE;
              }
              throw e;
            }
          });
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    Collections.sort(files);
    return files;
  }

  private static String digest(Path file) {
    try {
      byte[] digest = MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(file));
      return HexFormat.of().formatHex(digest);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
