/** What the stories share: servers, raw requests and their answers. */
@NullMarked
package org.kvstore.it.support;

import org.jspecify.annotations.NullMarked;
