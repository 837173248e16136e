package org.kvstore.server.store;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.kvstore.server.store.SystemCalls.Call;

/**
 * A disk below one directory, made again from the calls of a process, that can lose its power. Only
 * what POSIX promises stays for sure: the data of a file up to its last fsync, and the names in a
 * directory up to the last fsync of the directory. Of what came after, any part may be there.
 */
public final class TracedDisk {
  private final Path root;
  private final Directory top = new Directory();
  private final Map<Integer, OpenFile> open = new HashMap<>();

  /** An empty one, whose files a process knows below a directory. */
  public TracedDisk(Path root) {
    this.root = root;
  }

  /** What of the writes and names that were not synced is there after the cut. */
  public enum Loss {
    ALL_DROPPED,
    ALL_KEPT,
    WRITES_TORN,
    PAGES_SCATTERED,
    NAMES_LOST,
    ANYTHING
  }

  private static final class OpenFile {
    final Object node;
    int position;

    OpenFile(Object node) {
      this.node = node;
    }
  }

  private static final class Directory {
    final Map<String, Object> names = new TreeMap<>();
    final Map<String, Object> synced = new TreeMap<>();
    final List<Renaming> pending = new ArrayList<>();

    void change(int place, Map<String, @Nullable Object> changes) {
      apply(names, changes);
      pending.add(new Renaming(place, changes));
    }

    void sync(int place) {
      while (!pending.isEmpty() && pending.get(0).place() < place) {
        apply(synced, pending.remove(0).changes());
      }
    }

    Map<String, Object> after(int changes) {
      Map<String, Object> some = new TreeMap<>(synced);
      pending.subList(0, changes).forEach(change -> apply(some, change.changes()));
      return some;
    }

    private static void apply(Map<String, Object> names, Map<String, @Nullable Object> changes) {
      changes.forEach(
          (name, node) -> {
            if (node == null) {
              names.remove(name);
            } else {
              names.put(name, node);
            }
          });
    }
  }

  /** Names that change as one: a name without a node is gone. */
  private record Renaming(int place, Map<String, @Nullable Object> changes) {}

  /** Takes part in a call; false when it is about nothing on this disk. */
  public boolean apply(Call call) {
    return switch (call.name()) {
      case "open", "openat", "creat" -> open(call);
      case "close" -> open.remove(call.number(0)) != null;
      case "write", "pwrite64", "ftruncate", "fallocate", "fsync", "fdatasync", "lseek" -> {
        OpenFile file = open.get(call.number(0));
        if (file != null) {
          change(call, file);
        }
        yield file != null;
      }
      case "rename" -> rename(call, call.path(0), call.path(1));
      case "renameat", "renameat2" -> rename(call, call.path(1), call.path(3));
      case "link" -> link(call, call.path(0), call.path(1));
      case "linkat" -> link(call, call.path(1), call.path(3));
      case "unlink", "rmdir" -> unlink(call, call.path(0));
      case "unlinkat" -> unlink(call, call.path(1));
      case "mkdir" -> make(call, call.path(0), new Directory());
      case "mkdirat" -> make(call, call.path(1), new Directory());
      case "dup", "dup2", "dup3" -> duplicate(call);
      case "sendfile" -> copy(call, call.number(1), 2, call.number(0), 2);
      case "copy_file_range" -> copy(call, call.number(0), 1, call.number(2), 3);
      case "writev", "pwritev", "pwritev2" -> {
        if (open.containsKey(call.number(0))) {
          throw new UnsupportedOperationException(call.name());
        }
        yield false;
      }
      default -> throw new UnsupportedOperationException(call.name());
    };
  }

  private boolean open(Call call) {
    open.remove(call.result());
    int at = call.name().equals("openat") ? 1 : 0;
    Path path = call.path(at);
    if (!path.startsWith(root)) {
      return false;
    }
    Object node = node(path);
    if (node == null) {
      node = new TracedFile();
      make(call, path, node);
    }
    if (node instanceof TracedFile file && call.has(at + 1, "O_TRUNC") && file.size() > 0) {
      file.resize(call.ended(), 0);
    }
    OpenFile opened = new OpenFile(node);
    if (node instanceof TracedFile file && call.has(at + 1, "O_APPEND")) {
      opened.position = file.size();
    }
    open.put(call.result(), opened);
    return true;
  }

  /** Both numbers then mean the same opening, its position included. */
  private boolean duplicate(Call call) {
    OpenFile file = open.get(call.number(0));
    if (file == null) {
      open.remove(call.result());
    } else {
      open.put(call.result(), file);
    }
    return false;
  }

  /** From one file to another one, each at its own position. */
  private boolean copy(Call call, int from, int offset, int to, int otherOffset) {
    OpenFile target = open.get(to);
    if (target == null) {
      return false;
    }
    OpenFile source = open.get(from);
    List<String> arguments = call.arguments();
    boolean isHere =
        arguments.get(offset).equals("NULL") && arguments.get(otherOffset).equals("NULL");
    if (source == null || !isHere) {
      throw new UnsupportedOperationException(call.name());
    }
    int end = source.position + call.result();
    byte[] data = ((TracedFile) source.node).kept();
    ((TracedFile) target.node)
        .write(call.ended(), target.position, Arrays.copyOfRange(data, source.position, end));
    source.position = end;
    target.position += call.result();
    return true;
  }

  private static void change(Call call, OpenFile open) {
    if (open.node instanceof Directory directory) {
      directory.sync(call.began());
      return;
    }
    TracedFile file = (TracedFile) open.node;
    switch (call.name()) {
      case "write" -> {
        file.write(call.ended(), open.position, written(call));
        open.position += call.result();
      }
      case "pwrite64" -> file.write(call.ended(), call.number(3), written(call));
      case "lseek" -> open.position = call.result();
      case "ftruncate" -> file.resize(call.ended(), call.number(1));
      case "fallocate" -> allocate(call, file);
      default -> file.sync(call.began());
    }
  }

  private static byte[] written(Call call) {
    return Arrays.copyOf(call.bytes(1), call.result());
  }

  private static void allocate(Call call, TracedFile file) {
    boolean keepsSize = call.has(1, "FALLOC_FL_KEEP_SIZE");
    if (!keepsSize && !call.arguments().get(1).equals("0")) {
      throw new UnsupportedOperationException("fallocate " + call.arguments().get(1));
    }
    int end = call.number(2) + call.number(3);
    if (!keepsSize && end > file.size()) {
      file.resize(call.ended(), end);
    }
  }

  private boolean make(Call call, Path path, Object node) {
    return path.startsWith(root) && change(call, path, Map.of(name(path), node));
  }

  private boolean unlink(Call call, Path path) {
    Map<String, @Nullable Object> gone = new HashMap<>();
    gone.put(name(path), null);
    return path.startsWith(root) && change(call, path, gone);
  }

  private boolean link(Call call, Path from, Path to) {
    return from.startsWith(root) && make(call, to, Objects.requireNonNull(node(from)));
  }

  /** To another directory it is two changes, of which either may be lost. */
  private boolean rename(Call call, Path from, Path to) {
    if (!from.startsWith(root)) {
      return false;
    }
    if (!Objects.equals(from.getParent(), to.getParent())) {
      make(call, to, Objects.requireNonNull(node(from)));
      return unlink(call, from);
    }
    Map<String, @Nullable Object> moved = new HashMap<>();
    moved.put(name(from), null);
    moved.put(name(to), node(from));
    return change(call, from, moved);
  }

  private boolean change(Call call, Path path, Map<String, @Nullable Object> changes) {
    ((Directory) Objects.requireNonNull(node(Objects.requireNonNull(path.getParent()))))
        .change(call.ended(), changes);
    return true;
  }

  private @Nullable Object node(Path path) {
    Object node = top;
    for (Path name : root.relativize(path)) {
      if (!name.toString().isEmpty()) {
        node = node instanceof Directory directory ? directory.names.get(name.toString()) : null;
      }
    }
    return node;
  }

  private static String name(Path path) {
    return String.valueOf(path.getFileName());
  }

  /** Writes what is there when the power comes back. */
  public void writeTo(Path target, Loss loss, Random random) {
    write(top, target, loss, random, new IdentityHashMap<>());
  }

  /** A file that has several names has the same data by each. */
  private static void write(
      Directory directory, Path target, Loss loss, Random random, Map<Object, byte[]> written) {
    try {
      Files.createDirectories(target);
      for (var named : names(directory, loss, random).entrySet()) {
        Path path = target.resolve(named.getKey());
        if (named.getValue() instanceof Directory inner) {
          write(inner, path, loss, random, written);
        } else {
          TracedFile file = (TracedFile) named.getValue();
          Files.write(path, written.computeIfAbsent(file, any -> data(file, loss, random)));
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Map<String, Object> names(Directory directory, Loss loss, Random random) {
    int pending = directory.pending.size();
    return directory.after(
        switch (loss) {
          case ALL_DROPPED -> 0;
          case ALL_KEPT, WRITES_TORN, PAGES_SCATTERED -> pending;
          case NAMES_LOST, ANYTHING -> random.nextInt(pending + 1);
        });
  }

  private static byte[] data(TracedFile file, Loss loss, Random random) {
    return switch (loss) {
      case ALL_DROPPED -> file.dropped();
      case ALL_KEPT, NAMES_LOST -> file.kept();
      case WRITES_TORN -> file.torn(random);
      case PAGES_SCATTERED -> file.scattered(random);
      case ANYTHING ->
          switch (random.nextInt(4)) {
            case 0 -> file.dropped();
            case 1 -> file.kept();
            case 2 -> file.torn(random);
            default -> file.scattered(random);
          };
    };
  }
}
