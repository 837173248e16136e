/** Operations: health, metrics, start-up. */
@NullMarked
package org.kvstore.server.ops;

import org.jspecify.annotations.NullMarked;
