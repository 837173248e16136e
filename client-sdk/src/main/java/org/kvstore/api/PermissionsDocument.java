package org.kvstore.api;

import java.util.List;

/**
 * The grants that the caller may administer.
 *
 * @param grants in the order of their prefixes
 */
public record PermissionsDocument(List<PermissionDocument> grants) {}
