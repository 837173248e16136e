package org.kvstore.liberty;

import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.URI;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.util.function.BooleanSupplier;
import javax.net.ssl.HttpsURLConnection;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509TrustManager;

/** Asks a server of this machine whether it is ready. */
final class Readiness {
  private static final int TIMEOUT_MILLISECONDS = 4000;
  private static final int STARTING_MILLISECONDS = 250;
  private static final int DOWN_MILLISECONDS = 1000;

  private Readiness() {}

  /** Whether the server at this address can be reached and is ready. */
  static boolean of(URI address) throws IOException {
    HttpURLConnection connection =
        (HttpURLConnection) address.resolve("/health/ready").toURL().openConnection();
    if (connection instanceof HttpsURLConnection secure) {
      trust(secure);
    }
    connection.setConnectTimeout(TIMEOUT_MILLISECONDS);
    connection.setReadTimeout(TIMEOUT_MILLISECONDS);
    try {
      return connection.getResponseCode() == HttpURLConnection.HTTP_OK;
    } finally {
      connection.disconnect();
    }
  }

  /** Waits until the server is ready; false when it will not become so any more. */
  static boolean await(URI address, BooleanSupplier isAlive) {
    try {
      while (isAlive.getAsBoolean()) {
        int interval = STARTING_MILLISECONDS;
        try {
          if (of(address)) {
            return true;
          }
          interval = DOWN_MILLISECONDS;
        } catch (IOException e) {
          // The ports open last, once the application has started.
        }
        Thread.sleep(interval);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    return false;
  }

  /** The pair may be generated, for another name, or old; nothing but a status is exchanged. */
  private static void trust(HttpsURLConnection connection) throws IOException {
    try {
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(null, new TrustManager[] {new Trusting()}, new SecureRandom());
      connection.setSSLSocketFactory(context.getSocketFactory());
      connection.setHostnameVerifier((name, session) -> true);
    } catch (GeneralSecurityException e) {
      throw new IOException("TLS cannot be used", e);
    }
  }

  private static final class Trusting implements X509TrustManager {
    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type) {}

    @Override
    public X509Certificate[] getAcceptedIssuers() {
      return new X509Certificate[0];
    }
  }
}
