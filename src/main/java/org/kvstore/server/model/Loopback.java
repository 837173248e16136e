package org.kvstore.server.model;

import java.util.regex.Pattern;

/** What of a machine only the machine itself reaches (RFC 6890, RFC 6761). */
public final class Loopback {
  private static final Pattern HOST =
      Pattern.compile("(?i)localhost|127([.][0-9]{1,3}){3}|\\[?(::1|0:0:0:0:0:0:0:1)\\]?");

  private Loopback() {}

  /** Whether it is, of a name or an address; an IPv6 one may have its brackets. */
  public static boolean isHost(String host) {
    return HOST.matcher(host).matches();
  }
}
