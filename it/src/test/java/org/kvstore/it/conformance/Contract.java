package org.kvstore.it.conformance;

import java.util.stream.Stream;

/** The sections of the contract, in the order of its document. */
final class Contract {
  private Contract() {}

  static Stream<Section> sections(Servers servers, Exchanges exchanges) {
    return Stream.of(
        new KeysAndValues(servers, exchanges),
        new OneKey(servers, exchanges),
        new OneKeyHeaders(servers, exchanges),
        new ManyKeys(servers, exchanges),
        new Batches(servers, exchanges),
        new Transactions(servers, exchanges),
        new Watches(servers, exchanges),
        new Leases(servers, exchanges),
        new History(servers, exchanges),
        new Running(servers, exchanges),
        new SimpleThree(servers, exchanges),
        new Errors(servers, exchanges));
  }
}
