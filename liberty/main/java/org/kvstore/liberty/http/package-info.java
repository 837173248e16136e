/** What Liberty needs to be told so that even a request it would answer itself gets a problem. */
@NullMarked
package org.kvstore.liberty.http;

import org.jspecify.annotations.NullMarked;
