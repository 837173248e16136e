package org.kvstore.liberty;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.util.concurrent.CompletableFuture;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;

/**
 * A node as the others see it over TLS: each side proves itself, and the server its address too.
 */
final class Peer {
  private static final char[] PASSWORD = "for-a-moment".toCharArray();
  private static final int PATIENCE_MILLIS = 30_000;

  private final SSLContext context;

  /** One with the files that the command has made. */
  Peer(Path directory, String name) throws GeneralSecurityException, IOException {
    KeyManagerFactory keys = KeyManagerFactory.getInstance("PKIX");
    keys.init(
        KeyMaterial.pair(
            Files.readAllBytes(directory.resolve(name + ".crt")),
            Files.readAllBytes(directory.resolve(name + ".key")),
            PASSWORD),
        PASSWORD);
    TrustManagerFactory trusted = TrustManagerFactory.getInstance("PKIX");
    trusted.init(KeyMaterial.trusted(Files.readAllBytes(directory.resolve("authority.crt"))));
    context = SSLContext.getInstance("TLS");
    context.init(keys.getKeyManagers(), trusted.getTrustManagers(), null);
  }

  /** Who the other one says it is, and whom it hears. */
  String connect(Peer other) throws IOException {
    InetAddress address = InetAddress.getLoopbackAddress();
    try (SSLServerSocket server =
        (SSLServerSocket)
            other.context.getServerSocketFactory().createServerSocket(0, 1, address)) {
      server.setNeedClientAuth(true);
      CompletableFuture<Void> answered = CompletableFuture.runAsync(() -> answer(server));
      try (SSLSocket socket =
          (SSLSocket) context.getSocketFactory().createSocket("127.0.0.1", server.getLocalPort())) {
        socket.setSoTimeout(PATIENCE_MILLIS);
        SSLParameters parameters = socket.getSSLParameters();
        parameters.setEndpointIdentificationAlgorithm("HTTPS");
        socket.setSSLParameters(parameters);
        String name = socket.getSession().getPeerPrincipal().getName();
        return name + " heard " + new DataInputStream(socket.getInputStream()).readUTF();
      } finally {
        answered.exceptionally(refused -> null).join();
      }
    }
  }

  private static void answer(SSLServerSocket server) {
    try (SSLSocket socket = (SSLSocket) server.accept()) {
      socket.setSoTimeout(PATIENCE_MILLIS);
      String name = socket.getSession().getPeerPrincipal().getName();
      new DataOutputStream(socket.getOutputStream()).writeUTF(name);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
