@NullMarked
package org.kvstore.client;

import org.jspecify.annotations.NullMarked;
