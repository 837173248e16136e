package org.kvstore.liberty;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;

/** Copies the lines of a process, as they come, each with the name of the process in front. */
final class NamedLines {
  /** Any, as long as each byte comes out as it came in. */
  private static final Charset BYTES = StandardCharsets.ISO_8859_1;

  private NamedLines() {}

  /** A thread that copies until the process ends. */
  static Thread copy(String name, InputStream from, PrintStream to) {
    Thread copy = new Thread(() -> copyAll(name, from, to), "output-of-" + name);
    copy.setDaemon(true);
    copy.start();
    return copy;
  }

  private static void copyAll(String name, InputStream from, PrintStream to) {
    try (BufferedReader lines = new BufferedReader(new InputStreamReader(from, BYTES))) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        byte[] named = (name + " | " + line + System.lineSeparator()).getBytes(BYTES);
        to.write(named, 0, named.length);
        to.flush();
      }
    } catch (IOException e) {
      to.println(name + " | (what it prints cannot be read any more: " + e.getMessage() + ")");
    }
  }
}
