package org.kvstore.server.service;

/** What certificates of clients are to the service. */
public enum ClientCertificateUse {
  /** Nothing: clients are not asked for one. */
  OFF,
  /** A proof of who is asking, as good as a token. */
  WANTED,
  /** What every request comes with; a token may say more. */
  REQUIRED
}
