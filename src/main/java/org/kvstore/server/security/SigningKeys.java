package org.kvstore.server.security;

import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.net.URI;
import java.security.GeneralSecurityException;
import java.security.Key;
import java.security.KeyStore;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.LongSupplier;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocketFactory;
import javax.net.ssl.TrustManagerFactory;
import org.jose4j.http.Get;
import org.jose4j.jws.JsonWebSignature;
import org.jose4j.jwx.JsonWebStructure;
import org.jose4j.keys.resolvers.VerificationKeyResolver;
import org.jose4j.lang.JoseException;
import org.jose4j.lang.UnresolvableKeyException;
import org.jspecify.annotations.Nullable;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.service.JwtConfig;
import org.kvstore.server.service.PublicKeys;

/**
 * The public keys of the issuer of JSON Web Tokens. They are fetched by a thread of their own: when
 * the first token comes, again when they are {@value #FRESH_SECONDS} s old, and at once when a
 * token names a key that is not among them, as after a rotation; but not more often than every
 * {@value #RETRY_SECONDS} s, whatever tokens name. Who needs a key that is not there waits for the
 * fetch under way, for {@value #MOST_WAIT_SECONDS} s at the most. While the issuer is out of reach
 * the keys that are known stay good.
 *
 * <p>This object's monitor guards when and whether they are fetched; nothing waits under it.
 */
final class SigningKeys implements VerificationKeyResolver {
  private static final Logger LOG = System.getLogger(SigningKeys.class.getName());
  private static final int FRESH_SECONDS = 300;
  private static final int RETRY_SECONDS = 10;
  private static final int MOST_WAIT_SECONDS = 5;
  private static final int FETCH_MILLIS = 2_000;
  private static final int MOST_WAITING = 2;

  private final JwtConfig config;
  private final ThreadFactory threads;
  private final LongSupplier nanoTime;
  private final Semaphore waiting = new Semaphore(MOST_WAITING);
  private volatile @Nullable VerificationKeyResolver known;
  private volatile long knownAt;
  private @Nullable CompletableFuture<@Nullable Void> fetching;
  private long fetchedAt;

  SigningKeys(JwtConfig config, ThreadFactory threads, LongSupplier nanoTime) {
    this.config = config;
    this.threads = threads;
    this.nanoTime = nanoTime;
  }

  /**
   * The key that a signature has to be verified with.
   *
   * @throws KeyValueException UNAVAILABLE when no key is known, as the issuer cannot be reached
   */
  @Override
  public Key resolveKey(JsonWebSignature signature, List<JsonWebStructure> outer)
      throws UnresolvableKeyException {
    VerificationKeyResolver keys = known;
    if (keys != null) {
      try {
        CompletableFuture<@Nullable Void> fetch = fetch(FRESH_SECONDS);
        if (isOutdated()) {
          await(fetch);
          keys = newest(keys);
        }
        return keys.resolveKey(signature, outer);
      } catch (UnresolvableKeyException e) {
        LOG.log(Level.DEBUG, "A token names a key that is not known yet.", e);
      }
    }
    boolean awaited = await(fetch(RETRY_SECONDS));
    VerificationKeyResolver newest = known;
    if (newest == null || !awaited) {
      throw KeyValueException.of(
          ErrorCode.UNAVAILABLE, "The keys of the issuer of this token cannot be had now.");
    }
    return newest.resolveKey(signature, outer);
  }

  private VerificationKeyResolver newest(VerificationKeyResolver otherwise) {
    return Objects.requireNonNullElse(known, otherwise);
  }

  /** Whether a key may have been taken back since, for all that is known. */
  private boolean isOutdated() {
    return nanoTime.getAsLong() - knownAt > TimeUnit.SECONDS.toNanos(2 * FRESH_SECONDS);
  }

  /** Only a few may wait, rather than keep all threads; false for the others. */
  private boolean await(CompletableFuture<?> fetch) {
    if (fetch.isDone()) {
      return true;
    }
    if (!waiting.tryAcquire()) {
      return false;
    }
    try {
      fetch.get(MOST_WAIT_SECONDS, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (ExecutionException | TimeoutException e) {
      LOG.log(Level.DEBUG, "What is known already has to do.", e);
    } finally {
      waiting.release();
    }
    return true;
  }

  /** The fetch under way; one that begins now, unless the last is not so old. */
  private synchronized CompletableFuture<@Nullable Void> fetch(int seconds) {
    CompletableFuture<@Nullable Void> last = fetching;
    if (last != null && !last.isDone()) {
      return last;
    }
    long now = nanoTime.getAsLong();
    if (last != null && now - fetchedAt < TimeUnit.SECONDS.toNanos(seconds)) {
      return CompletableFuture.completedFuture(null);
    }
    fetchedAt = now;
    CompletableFuture<@Nullable Void> next = new CompletableFuture<>();
    fetching = next;
    try {
      threads.newThread(() -> fetch(next)).start();
    } catch (RuntimeException | OutOfMemoryError e) {
      LOG.log(Level.WARNING, "There is no thread to fetch the keys of an issuer with.", e);
      next.complete(null);
    }
    return next;
  }

  private void fetch(CompletableFuture<@Nullable Void> done) {
    try {
      known = read();
      knownAt = nanoTime.getAsLong();
    } catch (IOException | JoseException | RuntimeException e) {
      LOG.log(
          Level.WARNING,
          "The keys that verify JSON Web Tokens could not be fetched. from={0} cause={1}",
          config.location().map(URI::toString).orElse(""),
          e.toString());
    } finally {
      done.complete(null);
    }
  }

  /**
   * Trusts whom Java trusts. The default of this process is Liberty's: it would trust the server's
   * own certificate, or whoever vouches for clients.
   */
  private static SSLSocketFactory trustOfJava() throws IOException {
    try {
      TrustManagerFactory trust =
          TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
      trust.init((KeyStore) null);
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(null, trust.getTrustManagers(), null);
      return context.getSocketFactory();
    } catch (GeneralSecurityException e) {
      throw new IOException("Java's own trust store cannot be used.", e);
    }
  }

  private VerificationKeyResolver read() throws IOException, JoseException {
    Optional<URI> address = config.location().filter(location -> !PublicKeys.isFile(location));
    if (address.isEmpty()) {
      return PublicKeys.parse(PublicKeys.text(config.key(), config.location()));
    }
    Get get = new Get();
    get.setConnectTimeout(FETCH_MILLIS);
    get.setReadTimeout(FETCH_MILLIS);
    get.setRetries(0);
    get.setSslSocketFactory(trustOfJava());
    return PublicKeys.parse(get.get(address.get().toString()).getBody());
  }
}
