package org.kvstore.liberty;

import java.io.IOException;
import java.io.OutputStream;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.Arrays;

/** The child process: Liberty's own main class, tied to the life of the launcher. */
public final class Server {
  private static final String LIBERTY = "com.ibm.ws.kernel.boot.cmdline.EnvCheck";

  private Server() {}

  /** Takes the path of the run directory's lock, then Liberty's own arguments. */
  public static void main(String[] arguments) throws IOException, ReflectiveOperationException {
    FileChannel lock = RunDirectory.tryLock(Path.of(arguments[0]));
    if (lock == null) {
      throw new IOException("in use by another server: " + arguments[0]);
    }
    Thread watch = new Thread(Server::exitAtEndOfInput, "launcher-watch");
    watch.setDaemon(true);
    watch.start();
    Method main = Class.forName(LIBERTY).getMethod("main", String[].class);
    try {
      main.invoke(null, (Object) Arrays.copyOfRange(arguments, 1, arguments.length));
    } catch (InvocationTargetException e) {
      throw new IllegalStateException("Liberty did not start", e.getCause());
    }
  }

  /** The launcher never writes; the end of the stream means that it has died. */
  private static void exitAtEndOfInput() {
    try {
      System.in.transferTo(OutputStream.nullOutputStream());
    } catch (IOException e) {
      System.err.println("kvstore: lost the launcher: " + e.getMessage());
    }
    System.exit(1);
  }
}
