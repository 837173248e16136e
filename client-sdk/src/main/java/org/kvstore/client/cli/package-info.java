/**
 * The command line program, {@code kv}. {@link org.kvstore.client.cli.Kv} is the entry point and
 * holds the options that all commands share; each command is a class.
 */
@NullMarked
package org.kvstore.client.cli;

import org.jspecify.annotations.NullMarked;
