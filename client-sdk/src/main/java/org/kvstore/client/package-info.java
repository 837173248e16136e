/**
 * The typed client of the key-value store.
 *
 * <p>{@link org.kvstore.client.KeyValueClient} is what applications use; {@link
 * org.kvstore.client.KeyValueApi} is the MicroProfile REST client interface below it, one method a
 * request. {@link org.kvstore.client.Transaction}, {@link org.kvstore.client.Watch} and {@link
 * org.kvstore.client.Leases} come from the client. Every failure is a {@link
 * org.kvstore.client.KeyValueException}; its subclasses say what a caller may do about it.
 */
@NullMarked
package org.kvstore.client;

import org.jspecify.annotations.NullMarked;
