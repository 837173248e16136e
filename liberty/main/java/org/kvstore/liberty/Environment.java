package org.kvstore.liberty;

import static java.nio.file.StandardCopyOption.ATOMIC_MOVE;
import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.CREATE_NEW;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.Map;
import java.util.Set;

/** Fills in the variables that depend on where and as whom the user started the server. */
final class Environment {
  private static final int PASSWORD_BYTES = 24;
  private static final String CLOSED = "-1";
  private static final String ACCESS_LOG = "KV_ACCESS_LOG";

  /**
   * What MicroProfile Telemetry does when it is on: traces alone. Of those, Liberty's of requests
   * to servlets are off, as they name the route after the key; the application makes its own.
   */
  private static final Map<String, String> TRACES_ONLY =
      Map.of(
          "OTEL_SERVICE_NAME", "kvstore",
          "OTEL_METRICS_EXPORTER", "none",
          "OTEL_LOGS_EXPORTER", "none",
          // It would send the command line, in which an option may be a secret.
          "OTEL_JAVA_DISABLED_RESOURCE_PROVIDERS",
              "io.opentelemetry.instrumentation.resources.ProcessResourceProvider",
          "OTEL_TRACE_HTTP_DISABLED", "true");

  private Environment() {}

  /**
   * Makes relative paths absolute from where the user stands, sees to the TLS key store, and says
   * in full what is meant by an access log or by traces. A variable that is empty is not set.
   *
   * @return whether the server's certificate is the user's own, rather than a generated one
   */
  static boolean complete(Map<String, String> environment, Path workingDirectory) {
    environment.entrySet().removeIf(Environment::isEmpty);
    environment.putIfAbsent("KV_DATA_DIR", "data");
    absolute(environment, "KV_DATA_DIR", workingDirectory);
    absolute(environment, "KV_SECURITY_ADMIN_TOKEN_FILE", workingDirectory);
    absolute(environment, "KV_ENCRYPTION_KEY_FILE", workingDirectory);
    absolute(environment, "KV_AUDIT_LOG", workingDirectory);
    if (environment.containsKey(ACCESS_LOG)) {
      absolute(environment, ACCESS_LOG, workingDirectory);
      environment.putIfAbsent("KV_ACCESS_LOG_ENABLED", "true");
    }
    if (wantsTraces(environment)) {
      TRACES_ONLY.forEach(environment::putIfAbsent);
    }
    for (String file : TlsFiles.VARIABLES) {
      absolute(environment, file, workingDirectory);
    }
    for (String file : ClusterPort.FILES) {
      absolute(environment, file, workingDirectory);
    }
    boolean ownPair = TlsFiles.namePair(environment);
    if (!ownPair) {
      environment.putIfAbsent("KV_TLS_DIR", environment.get("KV_DATA_DIR") + "-tls");
      absolute(environment, "KV_TLS_DIR", workingDirectory);
      if (!CLOSED.equals(environment.get("KV_HTTPS_PORT"))) {
        generatedKeyStore(environment, Path.of(environment.get("KV_TLS_DIR")));
      }
    }
    return ownPair;
  }

  private static boolean isEmpty(Map.Entry<String, String> variable) {
    return variable.getKey().startsWith("KV_") && variable.getValue().isEmpty();
  }

  /** Whether traces are on, in the way that MicroProfile Telemetry defines; it is off by itself. */
  static boolean wantsTraces(Map<String, String> environment) {
    return "false".equalsIgnoreCase(environment.get("OTEL_SDK_DISABLED"));
  }

  private static void absolute(Map<String, String> environment, String name, Path directory) {
    environment.computeIfPresent(
        name, (key, value) -> directory.resolve(value).normalize().toString());
  }

  /** Liberty generates the key pair itself; the password for it is kept beside it. */
  private static void generatedKeyStore(Map<String, String> environment, Path directory) {
    try {
      Files.createDirectories(directory, OwnerOnly.directory(directory));
      String password = password(directory);
      environment.put("KV_TLS_KEYSTORE", directory.resolve("key.p12").toString());
      environment.put("KV_TLS_KEYSTORE_TYPE", "PKCS12");
      environment.put("KV_TLS_KEYSTORE_PASSWORD", password);
    } catch (IOException e) {
      throw new StartupException(
          "cannot keep the TLS key pair in "
              + directory
              + " (set KV_TLS_DIR to another directory, or KV_HTTPS_PORT=-1 for no HTTPS)",
          e);
    }
  }

  /** The password of the directory, made by the first start, whichever of several that is. */
  private static String password(Path directory) throws IOException {
    Path file = directory.resolve("password");
    if (Files.exists(file)) {
      return Files.readString(file).strip();
    }
    try (FileChannel lock = FileChannel.open(directory.resolve("password.lock"), CREATE, WRITE)) {
      lock.lock();
      if (!Files.exists(file)) {
        create(file);
      }
      return Files.readString(file).strip();
    }
  }

  static String randomPassword() {
    byte[] random = new byte[PASSWORD_BYTES];
    new SecureRandom().nextBytes(random);
    return Base64.getUrlEncoder().withoutPadding().encodeToString(random);
  }

  /** A crash leaves the whole file or none: an empty password would be kept for ever. */
  private static void create(Path file) throws IOException {
    Path partial = file.resolveSibling("password.partial");
    Files.deleteIfExists(partial);
    try (FileChannel channel =
        FileChannel.open(partial, Set.of(CREATE_NEW, WRITE), OwnerOnly.file(file))) {
      channel.write(ByteBuffer.wrap(randomPassword().getBytes(StandardCharsets.UTF_8)));
      channel.force(true);
    }
    Files.move(partial, file, ATOMIC_MOVE);
    if (OwnerOnly.isPosix(file)) {
      try (FileChannel directory = FileChannel.open(file.getParent(), READ)) {
        directory.force(true);
      }
    }
  }
}
