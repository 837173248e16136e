package org.kvstore.server.security;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.kvstore.server.model.Access;
import org.kvstore.server.service.FrontConfig;

/** Where nobody has to say who they are, who a caller is depends on where they are. */
class CallerLimitsTest {
  private final CallerLimits limits = new CallerLimits(new FrontConfig(Set.of(), 5, 0));

  @Test
  void addressesOfOneNetwork_areOneCaller() {
    assertThat(at("2001:db8:0:1:ffff::7")).isSameAs(at("2001:db8:0:1::1"));
  }

  @Test
  void otherNetworks_andAddressesOfIpv4_areCallersOfTheirOwn() {
    assertThat(
            Set.of(at("2001:db8:0:1::1"), at("2001:db8:0:2::1"), at("192.0.2.1"), at("192.0.2.2")))
        .hasSize(4);
  }

  private Allowance at(String address) {
    return Objects.requireNonNull(limits.of(Access.UNLIMITED, address));
  }
}
