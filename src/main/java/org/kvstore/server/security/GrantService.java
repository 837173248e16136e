package org.kvstore.server.security;

import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.CompletionStage;
import org.kvstore.api.ErrorCode;
import org.kvstore.api.PermissionDocument;
import org.kvstore.server.model.Access;
import org.kvstore.server.model.Condition;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.model.Permission;
import org.kvstore.server.service.SystemEntries;

/**
 * Grants: given and taken away by whoever administers all keys of their prefix. They are in force
 * when the answer is sent.
 */
@Singleton
public class GrantService {
  private static final int MOST = 10_000;

  private final Directory directory;
  private final SystemEntries entries;

  @Inject
  public GrantService(Directory directory, SystemEntries entries) {
    this.directory = directory;
    this.entries = entries;
  }

  /**
   * A grant that was given.
   *
   * @param created whether its holder had none on this prefix before
   */
  public record Given(PermissionDocument grant, boolean created) {}

  /**
   * Gives a permission, in place of the one that its holder has on the same prefix.
   *
   * @param wanted its prefix is one that a key may begin with
   * @throws KeyValueException REQUEST_INVALID, naming the property
   */
  public CompletionStage<Given> give(Access access, PermissionDocument wanted) {
    Grant grant = grant(wanted);
    access.require(Permission.ADMIN, grant.range());
    if (!directory.rules().get().grants().containsKey(grant.id())) {
      TokenService.requireFew("grants", 1 + directory.rules().get().grants().size(), MOST);
    }
    return access
        .trail()
        .of(
            "giveGrant",
            grant::text,
            entries
                .put(
                    SecurityRows.grant(grant.id()),
                    SecurityRows.value(grant),
                    Long.MAX_VALUE,
                    Condition.NONE)
                .thenApply(written -> new Given(document(grant), written.created())));
  }

  /** The grants on keys that the caller administers. */
  public List<PermissionDocument> list(Access access) {
    access.requireSome(Permission.ADMIN);
    return directory.rules().get().grants().values().stream()
        .filter(grant -> isAllowed(access, grant))
        .sorted(
            Comparator.comparing(Grant::prefix)
                .thenComparing(grant -> grant.holder().name())
                .thenComparing(Grant::id))
        .map(GrantService::document)
        .toList();
  }

  /**
   * One grant.
   *
   * @throws KeyValueException NOT_FOUND, also when it is not the caller's to administer
   */
  public PermissionDocument find(Access access, String id) {
    return document(require(access, "readGrant", id));
  }

  /** Takes a grant away. */
  public CompletionStage<Void> take(Access access, String id) {
    Grant grant = require(access, "takeGrant", id);
    return access
        .trail()
        .of(
            "takeGrant",
            grant::text,
            entries.delete(SecurityRows.grant(id)).thenAccept(deleted -> {}));
  }

  private Grant require(Access access, String action, String id) {
    access.requireSome(Permission.ADMIN);
    Grant grant = directory.rules().get().grants().get(id);
    if (grant != null && isAllowed(access, grant)) {
      return grant;
    }
    if (grant != null) {
      access.trail().denied(action, grant.text());
    }
    throw KeyValueException.of(ErrorCode.NOT_FOUND, "There is no such grant.");
  }

  private static boolean isAllowed(Access access, Grant grant) {
    return access.allows(Permission.ADMIN, grant.range());
  }

  private Grant grant(PermissionDocument wanted) {
    return new Grant(holder(wanted), wanted.prefix(), permission(wanted.permission()));
  }

  private static Holder holder(PermissionDocument wanted) {
    if (wanted.subject() != null && wanted.group() == null && wanted.token() == null) {
      return new Holder(Holder.Kind.SUBJECT, Names.checked("subject", wanted.subject()));
    }
    if (wanted.group() != null && wanted.subject() == null && wanted.token() == null) {
      return new Holder(Holder.Kind.GROUP, Names.checked("group", wanted.group()));
    }
    if (wanted.token() != null && wanted.subject() == null && wanted.group() == null) {
      return new Holder(Holder.Kind.TOKEN, Names.checked("token", wanted.token()));
    }
    throw KeyValueException.invalid(
        "subject", "A grant is for exactly one of a subject, a group and a token.");
  }

  private static Permission permission(String text) {
    for (Permission permission : Permission.values()) {
      if (SecurityRows.label(permission).equals(text)) {
        return permission;
      }
    }
    throw KeyValueException.invalid("permission", "It is read, write or admin.");
  }

  private static PermissionDocument document(Grant grant) {
    Holder holder = grant.holder();
    return new PermissionDocument(
        grant.id(),
        holder.kind() == Holder.Kind.SUBJECT ? holder.name() : null,
        holder.kind() == Holder.Kind.GROUP ? holder.name() : null,
        holder.kind() == Holder.Kind.TOKEN ? holder.name() : null,
        grant.prefix(),
        SecurityRows.label(grant.permission()));
  }
}
