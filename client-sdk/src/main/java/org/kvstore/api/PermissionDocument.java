package org.kvstore.api;

import org.jspecify.annotations.Nullable;

/**
 * A grant of a permission on the keys that begin with a prefix, to exactly one of a subject, a
 * group and a token.
 *
 * @param id what later requests name it by; null in a request
 * @param subject whoever proves to be of this name; null when it is for others
 * @param group whoever is in this group; null when it is for others
 * @param token whoever has the token of this id; null when it is for others
 * @param prefix what the keys begin with; empty for every key
 * @param permission {@code read}, {@code write} or {@code admin}; each includes those before it
 */
public record PermissionDocument(
    @Nullable String id,
    @Nullable String subject,
    @Nullable String group,
    @Nullable String token,
    String prefix,
    String permission) {}
