package org.kvstore.liberty;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.Map;
import java.util.Set;

/** Fills in the variables that depend on where and as whom the user started the server. */
final class Environment {
  private static final int PASSWORD_BYTES = 24;
  private static final String CLOSED = "-1";

  private Environment() {}

  /** Makes relative paths absolute from where the user stands, and sees to the TLS key store. */
  static void complete(Map<String, String> environment, Path workingDirectory) {
    environment.putIfAbsent("KV_DATA_DIR", "data");
    absolute(environment, "KV_DATA_DIR", workingDirectory);
    if (environment.containsKey("KV_TLS_KEYSTORE")) {
      absolute(environment, "KV_TLS_KEYSTORE", workingDirectory);
      return;
    }
    environment.putIfAbsent("KV_TLS_DIR", environment.get("KV_DATA_DIR") + "-tls");
    absolute(environment, "KV_TLS_DIR", workingDirectory);
    if (!CLOSED.equals(environment.get("KV_HTTPS_PORT"))) {
      generatedKeyStore(environment, Path.of(environment.get("KV_TLS_DIR")));
    }
  }

  private static void absolute(Map<String, String> environment, String name, Path directory) {
    environment.computeIfPresent(
        name, (key, value) -> directory.resolve(value).normalize().toString());
  }

  /** Liberty generates the key pair itself; the password for it is kept beside it. */
  private static void generatedKeyStore(Map<String, String> environment, Path directory) {
    Path password = directory.resolve("password");
    try {
      Files.createDirectories(directory, ownerOnly(directory, "rwx------"));
      byte[] random = new byte[PASSWORD_BYTES];
      new SecureRandom().nextBytes(random);
      try {
        Files.createFile(password, ownerOnly(directory, "rw-------"));
        Files.writeString(password, Base64.getUrlEncoder().withoutPadding().encodeToString(random));
      } catch (FileAlreadyExistsException e) {
        // Made at the first start.
      }
      environment.put("KV_TLS_KEYSTORE", directory.resolve("key.p12").toString());
      environment.put("KV_TLS_KEYSTORE_TYPE", "PKCS12");
      environment.put(
          "KV_TLS_KEYSTORE_PASSWORD", Files.readString(password, StandardCharsets.UTF_8).strip());
    } catch (IOException e) {
      throw new StartupException(
          "cannot keep the TLS key pair in "
              + directory
              + " (set KV_TLS_DIR to another directory, or KV_HTTPS_PORT=-1 for no HTTPS)",
          e);
    }
  }

  private static FileAttribute<?>[] ownerOnly(Path directory, String permissions) {
    Set<String> views = directory.getFileSystem().supportedFileAttributeViews();
    if (!views.contains("posix")) {
      return new FileAttribute<?>[0];
    }
    return new FileAttribute<?>[] {
      PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(permissions))
    };
  }
}
