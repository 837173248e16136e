/**
 * The typed client of the key-value store.
 *
 * <p>{@link org.kvstore.client.KeyValueClient} is what applications use; {@link
 * org.kvstore.client.KeyValueApi} is the MicroProfile REST client interface below it, one method a
 * request. {@link org.kvstore.client.Transaction}, {@link org.kvstore.client.Watch} and {@link
 * org.kvstore.client.Leases} come from the client. Every failure is a {@link
 * org.kvstore.client.KeyValueException}; its subclasses say what a caller may do about it.
 *
 * <p>A client of several nodes of a cluster comes from {@link
 * org.kvstore.client.KeyValueClientBuilder}. It asks one node for everything, leaves it when it
 * fails, sends again what is safe to repeat, and goes on with watches and batches elsewhere. An
 * injected client does so too where {@code kvstore.servers} names the nodes. The interface {@code
 * KeyValueApi}, and an injected client without that, have one base URI and send each request once:
 * in front of a cluster, that is the address of what spreads over the nodes. An application that
 * wants more produces a client of the builder as a bean of its own.
 */
@NullMarked
package org.kvstore.client;

import org.jspecify.annotations.NullMarked;
