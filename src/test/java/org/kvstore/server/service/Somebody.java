package org.kvstore.server.service;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArraySet;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.Access;
import org.kvstore.server.model.AuditTrail;
import org.kvstore.server.model.Bytes;
import org.kvstore.server.model.Key;
import org.kvstore.server.model.KeyRange;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.model.Permission;

/** Who may do everything below the prefixes they have, for as long as they have them. */
final class Somebody implements Access {
  final Set<String> prefixes;
  final List<String> audited = new ArrayList<>();
  private final String name;

  Somebody(String name, String... prefixes) {
    this.name = name;
    this.prefixes = new CopyOnWriteArraySet<>(List.of(prefixes));
  }

  @Override
  public void require(Permission permission, Key key) {
    if (prefixes.stream().noneMatch(key.text()::startsWith)) {
      throw forbidden();
    }
  }

  @Override
  public void require(Permission permission, KeyRange range) {
    if (!allows(permission, range)) {
      throw forbidden();
    }
  }

  @Override
  public void requireSome(Permission permission) {
    if (prefixes.isEmpty()) {
      throw forbidden();
    }
  }

  @Override
  public boolean allows(Permission permission, KeyRange range) {
    return prefixes.stream()
        .anyMatch(prefix -> KeyRange.ofPrefix(Bytes.ofUtf8(prefix)).covers(range));
  }

  @Override
  public String owner() {
    return name;
  }

  @Override
  public AuditTrail trail() {
    return (action, target, outcome) -> audited.add(action + ' ' + target + ' ' + outcome);
  }

  private static KeyValueException forbidden() {
    return KeyValueException.of(ErrorCode.FORBIDDEN, "No.");
  }
}
