package org.kvstore.liberty;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/**
 * The user's own files with secrets. Others are not to read them; the group may if they are root's,
 * who gives them to this user by it, as systemd and Kubernetes do. What Docker and Podman mount
 * into a container keeps the permissions that it has outside, where the container's user is
 * nobody's owner; within there are no others.
 */
final class SecretFiles {
  private static final List<String> VARIABLES =
      List.of(
          "KV_ENCRYPTION_KEY_FILE",
          "KV_SECURITY_ADMIN_TOKEN_FILE",
          "KV_TLS_KEY",
          "KV_CLUSTER_TLS_KEY");
  private static final Path MOUNTED = Path.of("/run/secrets");
  private static final int ROOT = 0;

  private SecretFiles() {}

  /**
   * Looks at who may read them.
   *
   * @param ownPair whether a key store that is named is the user's own
   * @return a warning for each file that more people may read than need to
   */
  static List<String> warnings(Map<String, String> environment, boolean ownPair) {
    List<String> variables = new ArrayList<>(VARIABLES);
    if (ownPair) {
      variables.add("KV_TLS_KEYSTORE");
    }
    return variables.stream()
        .flatMap(
            variable ->
                Stream.ofNullable(environment.get(variable))
                    .filter(file -> isOpen(Path.of(file)))
                    .map(file -> warning(variable, file)))
        .toList();
  }

  private static String warning(String variable, String file) {
    return "kvstore: WARNING: others than its owner may read %s, of %s: chmod 600 forbids it"
        .formatted(file, variable);
  }

  /** What cannot be read is said where it is to be read. */
  private static boolean isOpen(Path file) {
    if (file.startsWith(MOUNTED) || !OwnerOnly.isPosix(file)) {
      return false;
    }
    try {
      Set<PosixFilePermission> permissions = Files.getPosixFilePermissions(file);
      return permissions.contains(PosixFilePermission.OTHERS_READ)
          || permissions.contains(PosixFilePermission.GROUP_READ) && !isRoots(file);
    } catch (IOException e) {
      return false;
    }
  }

  private static boolean isRoots(Path file) throws IOException {
    return Files.getAttribute(file, "unix:uid").equals(ROOT);
  }
}
