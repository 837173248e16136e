package org.kvstore.liberty;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * A node and how others reach it.
 *
 * @param name its id
 * @param hosts names and addresses, at least one
 */
record NamedNode(String name, List<String> hosts) {
  private static final Pattern NAME = Pattern.compile("[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?");
  private static final Pattern IP_4 = Pattern.compile("(?:[0-9]{1,3}[.]){3}[0-9]{1,3}");
  private static final Pattern IP_6 = Pattern.compile("[0-9A-Fa-f:]*:[0-9A-Fa-f:.]*");
  private static final Pattern DNS =
      Pattern.compile("(?!.*[.][0-9]+$)[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?");

  NamedNode {
    hosts = List.copyOf(hosts);
  }

  /** Reads {@code n1=host1,10.0.0.1,n2=host2}: what has no name of its own is the last one's. */
  static List<NamedNode> parse(String text) {
    List<NamedNode> nodes = new ArrayList<>();
    Set<String> names = new HashSet<>(Set.of("authority"));
    for (String word : text.split(",", -1)) {
      int equals = word.indexOf('=');
      if (equals >= 0 && names.add(word.substring(0, equals))) {
        nodes.add(new NamedNode(word.substring(0, equals), List.of(word.substring(equals + 1))));
      } else if (equals < 0 && !nodes.isEmpty()) {
        nodes.add(nodes.remove(nodes.size() - 1).with(word));
      } else {
        throw misuse(word);
      }
    }
    nodes.forEach(NamedNode::check);
    return List.copyOf(nodes);
  }

  private NamedNode with(String host) {
    List<String> more = new ArrayList<>(hosts);
    more.add(host);
    return new NamedNode(name, more);
  }

  private void check() {
    if (!NAME.matcher(name).matches()) {
      throw misuse(name);
    }
    alternativeNames();
  }

  /** The hosts as a subjectAltName (RFC 5280) of keytool. */
  String alternativeNames() {
    return String.join(",", hosts.stream().map(NamedNode::alternativeName).toList());
  }

  private static String alternativeName(String host) {
    String plain = host.startsWith("[") ? host.replaceAll("[\\[\\]]", "") : host;
    if (IP_4.matcher(plain).matches() || IP_6.matcher(plain).matches()) {
      return "ip:" + plain;
    }
    if (DNS.matcher(plain).matches()) {
      return "dns:" + plain;
    }
    throw misuse(host);
  }

  private static StartupException misuse(String word) {
    return StartupException.ofUsage(
        ("--nodes has '%s'; it is like n1=host1,n2=host2, with ids of 1 to 32 of a-z, 0-9 and -,"
                + " and further names or addresses of a node after its first: n1=host1,10.0.0.1")
            .formatted(word));
  }
}
