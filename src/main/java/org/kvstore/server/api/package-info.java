/** Jakarta REST: HTTP in, service call, HTTP out. */
@NullMarked
package org.kvstore.server.api;

import org.jspecify.annotations.NullMarked;
