package org.kvstore.server.security;

import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Clock;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.Access;
import org.kvstore.server.model.Bytes;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.service.Engine;
import org.kvstore.server.service.EngineHandle;

/**
 * Finds out who sent a request: by an API token, or the operator's token of the configuration, sent
 * as RFC 6750 says. Guessing is slowed down, see {@link FailedAttempts}.
 */
@Singleton
public class Authenticator {
  private static final Logger LOG = System.getLogger(Authenticator.class.getName());
  private static final String SCHEME = "Bearer ";

  private final EngineHandle handle;
  private final Directory directory;
  private final FailedAttempts attempts = new FailedAttempts(System::nanoTime);
  private final boolean isRequired;
  private final @Nullable Bytes operator;

  @Inject
  public Authenticator(EngineHandle handle, Directory directory) {
    this.handle = handle;
    this.directory = directory;
    Optional<String> token = handle.engine().flatMap(engine -> engine.security().adminToken());
    isRequired = handle.engine().map(engine -> engine.security().isRequired()).orElse(false);
    operator = token.map(Digests::sha256).orElse(null);
  }

  /**
   * What the sender of a request may do.
   *
   * @throws KeyValueException UNAUTHENTICATED when that is not proven, TOO_MANY_REQUESTS after too
   *     many failed attempts from there; UNAVAILABLE when the store did not open
   */
  public Access authenticate(Presented presented) {
    Engine engine = handle.require();
    if (!isRequired) {
      return Access.UNLIMITED;
    }
    String authorization = presented.authorization();
    if (authorization == null) {
      throw unauthenticated("Send a token in the header Authorization: Bearer TOKEN.");
    }
    if (!authorization.regionMatches(true, 0, SCHEME, 0, SCHEME.length())) {
      throw unauthenticated("The header Authorization is not of the form: Bearer TOKEN.");
    }
    String token = authorization.substring(SCHEME.length()).strip();
    Bytes digest = Digests.sha256(token);
    if (attempts.isBlocked(presented.address(), digest)) {
      throw KeyValueException.of(
          ErrorCode.TOO_MANY_REQUESTS, "Too many failed attempts came from this address.");
    }
    Caller caller = caller(token, digest, engine.clock());
    if (caller == null) {
      if (attempts.failed(presented.address())) {
        LOG.log(Level.WARNING, "Failed attempts to authenticate. address={0}", presented.address());
      }
      throw unauthenticated("The token is not valid, or not any more.");
    }
    attempts.succeeded(presented.address(), digest);
    return new LiveAccess(caller, directory.rules(), engine.clock());
  }

  private @Nullable Caller caller(String text, Bytes digest, Clock clock) {
    if (operator != null && Digests.areEqual(operator, digest)) {
      return Caller.operator();
    }
    String id = ApiToken.idOf(text);
    ApiToken token = id == null ? null : directory.rules().get().tokens().get(id);
    if (token == null || !token.isProvenBy(digest, clock.millis())) {
      return null;
    }
    directory.used(token.id(), clock.millis());
    return Caller.of(token, digest);
  }

  private static KeyValueException unauthenticated(String detail) {
    return KeyValueException.of(ErrorCode.UNAUTHENTICATED, detail);
  }
}
