package org.kvstore.liberty;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.kvstore.liberty.KeyMaterial.Kind;

/**
 * The user's own certificate and those of the authorities that vouch for clients. The server reads
 * copies below its run directory, which are renewed when the user's files are.
 */
final class TlsFiles {
  private static final String CERTIFICATE = "KV_TLS_CERTIFICATE";
  private static final String KEY = "KV_TLS_KEY";
  private static final String KEY_STORE = "KV_TLS_KEYSTORE";
  private static final String TRUST_STORE = "KV_TLS_TRUSTSTORE";
  private static final String CLIENTS = "KV_TLS_CLIENT_CERTIFICATES";
  private static final Set<String> CHOICES = Set.of("off", "wanted", "required");
  private static final long INTERVAL_MILLIS = 1000;

  /** Those that name files. */
  static final List<String> VARIABLES = List.of(CERTIFICATE, KEY, KEY_STORE, TRUST_STORE);

  private final Map<String, String> environment;
  private final Path directory;
  private final String password = Environment.randomPassword();
  private final List<PublishedStore> stores = new ArrayList<>();

  private TlsFiles(Map<String, String> environment, Path directory) {
    this.environment = environment;
    this.directory = directory;
  }

  /** Whether the variables name a certificate of the user's own. */
  static boolean namePair(Map<String, String> environment) {
    return environment.containsKey(KEY_STORE)
        || environment.containsKey(CERTIFICATE)
        || environment.containsKey(KEY);
  }

  /** Whether clients are asked for certificates, which are authentication then. */
  static boolean asksClients(Map<String, String> environment) {
    String choice = environment.getOrDefault(CLIENTS, "off");
    if (!CHOICES.contains(choice)) {
      throw new StartupException("%s is %s, not one of %s".formatted(CLIENTS, choice, CHOICES));
    }
    return !choice.equals("off");
  }

  /**
   * Publishes what the variables name, and has the variables name the copies.
   *
   * @param ownPair whether they name the server's certificate
   * @param directory for the copies; what is in it is deleted
   */
  static TlsFiles publish(Map<String, String> environment, boolean ownPair, Path directory) {
    TlsFiles files = new TlsFiles(environment, directory);
    try {
      FileTree.delete(directory);
      Files.createDirectories(directory, OwnerOnly.directory(directory));
    } catch (IOException e) {
      throw new StartupException("cannot keep copies of certificates in " + directory, e);
    }
    if (ownPair) {
      files.publishPair();
    }
    if (asksClients(environment)) {
      files.publishTrusted();
    }
    return files;
  }

  /** Looks at the files every second, for as long as this process lives. */
  void watch() {
    if (stores.isEmpty()) {
      return;
    }
    Thread watch = new Thread(this::refreshForEver, "certificate-watch");
    watch.setDaemon(true);
    watch.start();
  }

  private void refreshForEver() {
    try {
      while (true) {
        Thread.sleep(INTERVAL_MILLIS);
        for (PublishedStore store : stores) {
          String message = store.refresh();
          if (!message.isEmpty()) {
            System.err.println("kvstore: " + message);
          }
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void publishPair() {
    char[] own = password.toCharArray();
    if (environment.containsKey(KEY_STORE)) {
      if (environment.containsKey(CERTIFICATE) || environment.containsKey(KEY)) {
        throw new StartupException(
            "set either " + KEY_STORE + ", or " + CERTIFICATE + " and " + KEY);
      }
      String type = environment.getOrDefault(KEY_STORE + "_TYPE", "PKCS12");
      char[] given = password(KEY_STORE);
      publish(
          KEY_STORE,
          "key pair",
          List.of(file(KEY_STORE)),
          files -> KeyMaterial.copy(Kind.PAIRS, files.get(0), type, given, own));
      return;
    }
    if (!environment.containsKey(CERTIFICATE) || !environment.containsKey(KEY)) {
      throw new StartupException(CERTIFICATE + " and " + KEY + " belong together: set both");
    }
    publish(
        KEY_STORE,
        "key pair",
        List.of(file(CERTIFICATE), file(KEY)),
        files -> KeyMaterial.pair(files.get(0), files.get(1), own));
  }

  private void publishTrusted() {
    if (!environment.containsKey(TRUST_STORE)) {
      throw new StartupException(
          "%s is %s, which takes %s: the certificates of the authorities that vouch for clients"
              .formatted(CLIENTS, environment.get(CLIENTS), TRUST_STORE));
    }
    String type = environment.getOrDefault(TRUST_STORE + "_TYPE", "PEM");
    char[] given = password(TRUST_STORE);
    publish(
        TRUST_STORE,
        "trust store",
        List.of(file(TRUST_STORE)),
        files ->
            type.equals("PEM")
                ? KeyMaterial.trusted(files.get(0))
                : KeyMaterial.copy(Kind.TRUSTED, files.get(0), type, given, given));
  }

  private void publish(
      String variable, String name, List<Path> files, PublishedStore.Reader reader) {
    Path copy = directory.resolve(variable.toLowerCase(Locale.ROOT) + ".p12");
    PublishedStore store = new PublishedStore(name, files, reader, copy, password);
    store.publish();
    stores.add(store);
    environment.put(variable, copy.toString());
    environment.put(variable + "_TYPE", "PKCS12");
    environment.put(variable + "_PASSWORD", password);
  }

  private Path file(String variable) {
    return Path.of(environment.get(variable));
  }

  private char[] password(String store) {
    return environment.getOrDefault(store + "_PASSWORD", "").toCharArray();
  }
}
