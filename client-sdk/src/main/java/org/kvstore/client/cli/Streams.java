package org.kvstore.client.cli;

import java.io.BufferedOutputStream;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;

/**
 * The standard streams of one run. Text is UTF-8 whatever the locale, as keys are.
 *
 * @param in standard input
 * @param out standard output; buffered, and flushed at the end of the run
 * @param err standard error
 */
record Streams(InputStream in, PrintStream out, PrintStream err) {

  static Streams ofProcess() {
    FileOutputStream out = new FileOutputStream(FileDescriptor.out);
    FileOutputStream err = new FileOutputStream(FileDescriptor.err);
    return new Streams(
        System.in,
        new PrintStream(new BufferedOutputStream(out, 1 << 16), false, StandardCharsets.UTF_8),
        new PrintStream(err, true, StandardCharsets.UTF_8));
  }
}
