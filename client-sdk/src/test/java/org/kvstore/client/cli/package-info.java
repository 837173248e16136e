@NullMarked
package org.kvstore.client.cli;

import org.jspecify.annotations.NullMarked;
