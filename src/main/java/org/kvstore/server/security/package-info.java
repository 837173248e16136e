/**
 * Who sends a request, and what they may do: API tokens and grants, which are kept in the store
 * itself under keys that no client can name.
 */
@NullMarked
package org.kvstore.server.security;

import org.jspecify.annotations.NullMarked;
