package org.kvstore.client;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.security.GeneralSecurityException;
import java.security.KeyStore;

/**
 * A key store as MicroProfile REST Client names it in section 7.1: {@code classpath:/name} or a
 * URL, such as {@code file:///name}.
 *
 * @param location where it is
 * @param type such as JKS or PKCS12
 * @param password of the store and of the keys in it
 */
record ConfiguredStore(String location, String type, char[] password) {
  private static final String CLASS_PATH = "classpath:";

  /**
   * Reads it.
   *
   * @throws IllegalArgumentException if that cannot be done; the password is not in the message
   */
  KeyStore load() {
    try (InputStream in = open()) {
      KeyStore store = KeyStore.getInstance(type);
      store.load(in, password);
      return store;
    } catch (IOException | GeneralSecurityException | RuntimeException unusable) {
      throw new IllegalArgumentException("The key store cannot be read: " + location, unusable);
    }
  }

  private InputStream open() throws IOException {
    if (!location.startsWith(CLASS_PATH)) {
      return URI.create(location).toURL().openStream();
    }
    String name = location.substring(CLASS_PATH.length()).replaceFirst("^/+", "");
    InputStream resource = Thread.currentThread().getContextClassLoader().getResourceAsStream(name);
    if (resource == null) {
      throw new FileNotFoundException(name);
    }
    return resource;
  }

  /** Without the password. */
  @Override
  public String toString() {
    return "ConfiguredStore[%s, %s]".formatted(location, type);
  }
}
