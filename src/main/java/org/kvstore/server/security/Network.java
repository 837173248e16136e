package org.kvstore.server.security;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Arrays;
import java.util.HexFormat;

/**
 * Where a client is, as far as it cannot choose that: its address, or of IPv6 the network of 64
 * bits that it is in, as one client has all addresses of such a network.
 */
final class Network {
  private static final int BYTES = 8;

  private Network() {}

  /**
   * Names that of an address.
   *
   * @param address a literal; nothing is looked up
   */
  static String of(String address) {
    if (address.indexOf(':') < 0) {
      return address;
    }
    try {
      byte[] bytes = InetAddress.getByName(address).getAddress();
      return HexFormat.of().formatHex(Arrays.copyOf(bytes, BYTES));
    } catch (UnknownHostException e) {
      return address;
    }
  }
}
