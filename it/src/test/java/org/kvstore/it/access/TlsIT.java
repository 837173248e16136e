package org.kvstore.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.util.Map;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.Test;
import org.kvstore.it.support.RawConnection;
import org.kvstore.it.support.ServerProcess;

/** HTTPS with the pair that the first start generates. */
class TlsIT {
  @Test
  void generatedPair_servesModernTlsOnly() throws Exception {
    Path data = ServerProcess.directory("tls");
    Path tls = data.resolveSibling("data-tls");
    try (ServerProcess server = ServerProcess.ready(data, Map.of("KV_TLS_DIR", tls.toString()))) {
      SSLContext trusting = trusting(tls);
      for (String protocol : new String[] {"TLSv1.2", "TLSv1.3"}) {
        SSLSocket socket = socket(trusting, protocol);
        try (RawConnection connection = new RawConnection(socket, server.httpsPort())) {
          byte[] request = server.service().get("/v1/status").bytes();
          connection.send(request).read("GET /v1/status").expect(200);
          assertThat(socket.getSession().getProtocol()).isEqualTo(protocol);
        }
      }
      for (String protocol : new String[] {"TLSv1", "TLSv1.1"}) {
        assertThatThrownBy(
                () -> {
                  SSLSocket old = socket(trusting, protocol);
                  new RawConnection(old, server.httpsPort());
                  old.startHandshake();
                })
            .as(protocol)
            .isInstanceOf(SSLException.class);
      }
      assertThat(Files.getPosixFilePermissions(tls)).hasSize(3);
    }
  }

  /** A socket for 127.0.0.1 that checks the name in the certificate. */
  private static SSLSocket socket(SSLContext context, String protocol) throws IOException {
    SSLSocket socket = (SSLSocket) context.getSocketFactory().createSocket();
    SSLParameters parameters = socket.getSSLParameters();
    parameters.setProtocols(new String[] {protocol});
    parameters.setEndpointIdentificationAlgorithm("HTTPS");
    socket.setSSLParameters(parameters);
    return socket;
  }

  private static SSLContext trusting(Path tls) throws GeneralSecurityException, IOException {
    char[] password = Files.readString(tls.resolve("password")).strip().toCharArray();
    KeyStore pair = KeyStore.getInstance(tls.resolve("key.p12").toFile(), password);
    KeyStore trusted = KeyStore.getInstance("PKCS12");
    trusted.load(null, null);
    String alias = pair.aliases().nextElement();
    trusted.setCertificateEntry("server", pair.getCertificate(alias));
    TrustManagerFactory managers =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    managers.init(trusted);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(null, managers.getTrustManagers(), null);
    return context;
  }
}
