package org.kvstore.client.cli;

import java.io.IOException;
import java.io.PrintStream;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Function;
import org.kvstore.client.KeyValueClient;
import org.kvstore.client.Lease;
import org.kvstore.client.Leases;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

/** {@code kv lease}: grants, renews, shows and revokes leases. */
@Command(
    name = "lease",
    description = "Grants and keeps leases. The keys of a lease are deleted when it ends.",
    synopsisSubcommandLabel = "COMMAND",
    sortOptions = false)
final class LeaseCommand {
  @ParentCommand private Kv kv;

  @SuppressWarnings("NullAway.Init") // set by picocli
  LeaseCommand() {}

  @Command(name = "grant", description = "Grants a lease and prints its id.")
  int grant(
      @Parameters(paramLabel = "TTL", description = "How long it lives: 1s .. 24h.") Duration ttl)
      throws IOException {
    try (KeyValueClient client = kv.connect()) {
      kv.streams().out().println(client.leases().grant(ttl).id());
    }
    return ExitCode.OK;
  }

  @Command(name = "renew", description = "Lets a lease live for its whole time again.")
  int renew(@Parameters(paramLabel = "ID", description = "Its id.") String id) throws IOException {
    return show(id, leases -> leases.renew(id));
  }

  @Command(name = "show", description = "Prints a lease and its keys.")
  int show(@Parameters(paramLabel = "ID", description = "Its id.") String id) throws IOException {
    return show(id, leases -> leases.find(id));
  }

  @Command(name = "revoke", description = "Ends a lease and deletes its keys.")
  int revoke(@Parameters(paramLabel = "ID", description = "Its id.") String id) throws IOException {
    try (KeyValueClient client = kv.connect()) {
      return client.leases().revoke(id) ? ExitCode.OK : absent(id);
    }
  }

  private int show(String id, Function<Leases, Optional<Lease>> read) throws IOException {
    try (KeyValueClient client = kv.connect()) {
      Optional<Lease> lease = read.apply(client.leases());
      lease.ifPresent(found -> print(found, kv.streams().out()));
      return lease.isPresent() ? ExitCode.OK : absent(id);
    }
  }

  private int absent(String id) {
    return kv.fail(ExitCode.NOT_FOUND, "the lease has ended: " + id);
  }

  private static void print(Lease lease, PrintStream out) {
    out.println("Id: " + lease.id());
    out.println("Ttl: " + lease.ttl());
    out.println("Expires-At: " + lease.expiresAt());
    lease.keys().forEach(key -> out.println("Key: " + key));
  }
}
