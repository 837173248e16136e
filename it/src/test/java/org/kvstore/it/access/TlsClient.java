package org.kvstore.it.access;

import java.io.IOException;
import java.net.Socket;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.Principal;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.function.UnaryOperator;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedKeyManager;
import org.jspecify.annotations.Nullable;
import org.kvstore.it.support.Answer;
import org.kvstore.it.support.RawConnection;
import org.kvstore.it.support.RawRequest;

/** Sends requests made by hand over TLS, and checks the name in the server's certificate. */
final class TlsClient {
  private final int port;
  private final SSLContext context;
  private final UnaryOperator<SSLParameters> parameters;

  private TlsClient(int port, SSLContext context, UnaryOperator<SSLParameters> parameters) {
    this.port = port;
    this.context = context;
    this.parameters = parameters;
  }

  /** A client without a certificate of its own. */
  static TlsClient trusting(KeyStore trusted, int port) throws GeneralSecurityException {
    return new TlsClient(port, context(trusted, null), given -> given);
  }

  /** A client that shows a certificate, whomever the server says that it trusts. */
  static TlsClient of(Authority.Issued own, KeyStore trusted, int port)
      throws GeneralSecurityException {
    KeyManager[] keys = {new Insistent(own)};
    return new TlsClient(port, context(trusted, keys), given -> given);
  }

  /** The same client that offers one protocol alone. */
  TlsClient speaking(String protocol) {
    return new TlsClient(
        port,
        context,
        given -> {
          given.setProtocols(new String[] {protocol});
          return given;
        });
  }

  Answer send(RawRequest request) throws IOException {
    try (RawConnection connection = open()) {
      return connection.send(request.bytes()).read(request.line());
    }
  }

  RawConnection open() throws IOException {
    return new RawConnection(socket(), port);
  }

  /** The certificate that the server shows. */
  X509Certificate served() throws IOException {
    SSLSocket socket = socket();
    try (RawConnection connection = new RawConnection(socket, port)) {
      return (X509Certificate) socket.getSession().getPeerCertificates()[0];
    }
  }

  /** The protocol that is spoken. */
  String protocol() throws IOException {
    SSLSocket socket = socket();
    try (RawConnection connection = new RawConnection(socket, port)) {
      socket.startHandshake();
      return socket.getSession().getProtocol();
    }
  }

  private SSLSocket socket() throws IOException {
    SSLSocket socket = (SSLSocket) context.getSocketFactory().createSocket();
    SSLParameters given = parameters.apply(socket.getSSLParameters());
    given.setEndpointIdentificationAlgorithm("HTTPS");
    socket.setSSLParameters(given);
    return socket;
  }

  private static SSLContext context(KeyStore trusted, KeyManager @Nullable [] keys)
      throws GeneralSecurityException {
    TrustManagerFactory managers =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    managers.init(trusted);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(keys, managers.getTrustManagers(), null);
    return context;
  }

  /** Java's own manager keeps back a certificate that the server says it does not trust. */
  private static final class Insistent extends X509ExtendedKeyManager {
    private static final String ALIAS = "own";

    private final Authority.Issued own;

    Insistent(Authority.Issued own) {
      this.own = own;
    }

    @Override
    public String chooseClientAlias(
        String[] types, Principal @Nullable [] issuers, @Nullable Socket socket) {
      return ALIAS;
    }

    @Override
    public X509Certificate[] getCertificateChain(String alias) {
      return own.chain().toArray(X509Certificate[]::new);
    }

    @Override
    public PrivateKey getPrivateKey(String alias) {
      return own.key();
    }

    @Override
    public String[] getClientAliases(String type, Principal @Nullable [] issuers) {
      return new String[] {ALIAS};
    }

    @Override
    public String @Nullable [] getServerAliases(String type, Principal @Nullable [] issuers) {
      return null;
    }

    @Override
    public @Nullable String chooseServerAlias(
        String type, Principal @Nullable [] issuers, @Nullable Socket socket) {
      return null;
    }
  }
}
