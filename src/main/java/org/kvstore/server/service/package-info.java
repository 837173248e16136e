/** Use cases, limits and configuration; opens and closes the engine. */
@NullMarked
package org.kvstore.server.service;

import org.jspecify.annotations.NullMarked;
