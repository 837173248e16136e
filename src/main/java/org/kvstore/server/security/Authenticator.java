package org.kvstore.server.security;

import jakarta.annotation.PreDestroy;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.Access;
import org.kvstore.server.model.AuditTrail;
import org.kvstore.server.model.Bytes;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.service.ClientCertificateUse;
import org.kvstore.server.service.Engine;
import org.kvstore.server.service.EngineHandle;

/**
 * Finds out who sent a request: by an API token, a JSON Web Token, or the operator's token of the
 * configuration, sent as RFC 6750 says, or else by the client's certificate. Guessing at the
 * operator's token is slowed down, see {@link FailedAttempts}.
 */
@Singleton
public class Authenticator {
  private static final Logger LOG = System.getLogger(Authenticator.class.getName());
  private static final String SCHEME = "Bearer ";

  private final EngineHandle handle;
  private final Directory directory;
  private final AuditLog audit;
  private final FailedAttempts attempts =
      new FailedAttempts(
          System::nanoTime,
          CompletableFuture.delayedExecutor(1, TimeUnit.SECONDS),
          Authenticator::log);
  private final boolean isRequired;
  private final boolean isLocal;
  private final boolean trustsConnections;
  private final ClientCertificateUse clientCertificates;
  private final @Nullable Bytes operator;
  private final @Nullable WebTokens webTokens;

  @Inject
  public Authenticator(EngineHandle handle, Directory directory, AuditLog audit) {
    this.handle = handle;
    this.directory = directory;
    this.audit = audit;
    Optional<String> token =
        handle.engine().flatMap(engine -> engine.config().security().adminToken());
    isRequired =
        handle.engine().map(engine -> engine.config().security().isRequired()).orElse(false);
    isLocal = handle.engine().map(engine -> engine.config().security().isLocal()).orElse(true);
    trustsConnections =
        handle.engine().map(engine -> engine.config().security().trustsConnections()).orElse(true);
    clientCertificates =
        handle
            .engine()
            .map(engine -> engine.config().security().clientCertificates())
            .orElse(ClientCertificateUse.OFF);
    operator = token.map(Digests::sha256).orElse(null);
    webTokens = handle.engine().flatMap(Authenticator::webTokens).orElse(null);
  }

  @PreDestroy
  void close() {
    attempts.tell();
  }

  private static Optional<WebTokens> webTokens(Engine engine) {
    return engine
        .config()
        .security()
        .jwt()
        .map(jwt -> new WebTokens(jwt, new SigningKeys(jwt, engine.threads(), System::nanoTime)));
  }

  /**
   * What the sender of a request may do.
   *
   * @throws KeyValueException UNAUTHENTICATED when that is not proven, TOO_MANY_REQUESTS after too
   *     many failed attempts from there; UNAVAILABLE when the store did not open, or this node
   *     hears of changes of tokens no more
   */
  public Access authenticate(Presented presented) {
    Engine engine = handle.require();
    if (!isRequired) {
      return audit.isOn() ? new Access.Unlimited(trail("", presented)) : Access.UNLIMITED;
    }
    try {
      Caller caller = caller(presented, engine.clock());
      AccessRules rules = directory.rules();
      return new LiveAccess(
          caller, rules, rules::ofLocalReads, engine.clock(), trail(caller.subject(), presented));
    } catch (KeyValueException refusal) {
      trail("", presented).record(AuditTrail.AUTHENTICATE, "", refusal.code().name());
      throw refusal;
    }
  }

  /** Whether only this machine is served, as nobody has to say who they are. */
  public boolean isLocal() {
    return isLocal;
  }

  /** Whether a client's certificate says who it is. */
  public boolean asksForCertificates() {
    return clientCertificates != ClientCertificateUse.OFF;
  }

  /** Whether a request may pass that nothing but its connection speaks for. */
  public boolean trustsConnections() {
    return trustsConnections;
  }

  /** Whether it is written down who does what, so that requests need a name. */
  public boolean isAudited() {
    return audit.isOn();
  }

  /** What hears of a request before it is known whose it is. */
  public AuditTrail unproven(String address, String requestId) {
    return audit.trail("", address, requestId);
  }

  private AuditTrail trail(String caller, Presented presented) {
    return audit.trail(caller, presented.address(), presented.requestId());
  }

  private Caller caller(Presented presented, Clock clock) {
    String authorization = presented.authorization();
    X509Certificate certificate = presented.certificate();
    if (certificate == null && clientCertificates == ClientCertificateUse.REQUIRED) {
      throw unauthenticated("Connect over TLS, with a client certificate.");
    }
    if (certificate != null && authorization == null) {
      return ClientCertificates.caller(certificate);
    }
    if (authorization == null) {
      throw unauthenticated("Send a token in the header Authorization: Bearer TOKEN.");
    }
    if (!authorization.regionMatches(true, 0, SCHEME, 0, SCHEME.length())) {
      throw unauthenticated("The header Authorization is not of the form: Bearer TOKEN.");
    }
    String text = authorization.substring(SCHEME.length()).strip();
    Bytes digest = Digests.sha256(text);
    if (webTokens != null && WebTokens.isOne(text)) {
      return webToken(webTokens, text, digest, presented.address(), clock);
    }
    String id = ApiToken.idOf(text);
    Caller caller = id == null ? null : holder(id, digest, clock);
    return caller == null ? operator(digest, presented.address()) : caller;
  }

  /** Nobody can guess a signature, so neither they nor others at their address need to wait. */
  private Caller webToken(
      WebTokens tokens, String text, Bytes digest, String address, Clock clock) {
    try {
      return tokens.caller(text, digest, clock);
    } catch (KeyValueException refusal) {
      if (refusal.code() == ErrorCode.UNAUTHENTICATED) {
        attempts.ignored(address);
      }
      throw refusal;
    }
  }

  /** Nobody can guess 256 random bits, so who has them need not wait for those who try. */
  private @Nullable Caller holder(String id, Bytes digest, Clock clock) {
    // What they ask for is refused later if it needs newer rules.
    ApiToken token = directory.rules().ofLocalReads().tokens().get(id);
    if (token == null || !token.isProvenBy(digest, clock.millis())) {
      return null;
    }
    directory.used(id, clock.millis());
    return Caller.of(token, digest);
  }

  /** The operator's token was made by people, so whoever guesses at it is slowed down. */
  private Caller operator(Bytes digest, String address) {
    if (attempts.isBlocked(address, digest)) {
      attempts.ignored(address);
      throw KeyValueException.of(
          ErrorCode.TOO_MANY_REQUESTS, "Too many failed attempts came from this address.");
    }
    if (operator != null && Digests.areEqual(operator, digest)) {
      attempts.succeeded(address, digest);
      return Caller.operator();
    }
    attempts.failed(address);
    throw unauthenticated("The token is not valid, or not any more.");
  }

  private static void log(long failures, String address) {
    LOG.log(
        Level.WARNING,
        "Attempts to authenticate have failed. attempts={0} newest={1}",
        failures,
        address);
  }

  private static KeyValueException unauthenticated(String detail) {
    return KeyValueException.of(ErrorCode.UNAUTHENTICATED, detail);
  }
}
