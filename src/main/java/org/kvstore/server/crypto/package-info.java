/**
 * Encryption of what is kept on disk and in backups: AES-256-GCM, keys and nonces. Plain Java; it
 * knows nothing of rows, files or HTTP.
 */
@NullMarked
package org.kvstore.server.crypto;

import org.jspecify.annotations.NullMarked;
