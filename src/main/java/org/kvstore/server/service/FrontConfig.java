package org.kvstore.server.service;

import java.util.Set;

/**
 * What the HTTP face allows beside who may do what.
 *
 * @param corsOrigins origins whose pages may use the service, as browsers send them, or {@code *};
 *     empty for none
 * @param callerRequests requests a second that one caller may send; 0 for any number
 * @param callerBytes bytes a second of bodies and answers that one caller may move; 0 for any
 */
public record FrontConfig(Set<String> corsOrigins, long callerRequests, long callerBytes) {
  /** No other origins, and no limits. */
  public static final FrontConfig DEFAULT = new FrontConfig(Set.of(), 0, 0);

  /** Copies the set. */
  public FrontConfig {
    corsOrigins = Set.copyOf(corsOrigins);
  }
}
