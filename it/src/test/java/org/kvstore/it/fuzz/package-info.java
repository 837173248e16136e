/** Requests of every shape that a client, a proxy or an attacker may send. */
@NullMarked
package org.kvstore.it.fuzz;

import org.jspecify.annotations.NullMarked;
