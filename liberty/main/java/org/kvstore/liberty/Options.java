package org.kvstore.liberty;

import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** The options of a command, each given once: {@code --name value} or {@code --name=value}. */
final class Options {
  private static final Set<String> HELP = Set.of("-h", "--help");
  private static final int HIGHEST_PORT = 65_535;

  private final Map<String, String> values = new HashMap<>();
  private final String command;

  private Options(String command) {
    this.command = command;
  }

  /**
   * Reads the words of a command line.
   *
   * @param command what messages name
   * @param valued options that take a value
   * @param flags options that take none
   */
  static Options parse(String command, List<String> words, Set<String> valued, Set<String> flags) {
    Options options = new Options(command);
    for (Iterator<String> rest = words.iterator(); rest.hasNext(); ) {
      String word = rest.next();
      int equals = word.indexOf('=');
      String name = equals < 0 ? word : word.substring(0, equals);
      if (flags.contains(word) || HELP.contains(word)) {
        options.put(word, "");
      } else if (!valued.contains(name)) {
        throw options.misuse("unknown argument: " + word);
      } else if (equals >= 0) {
        options.put(name, word.substring(equals + 1));
      } else if (rest.hasNext()) {
        options.put(name, rest.next());
      } else {
        throw options.misuse(name + " takes a value");
      }
    }
    return options;
  }

  private void put(String name, String value) {
    if (values.put(name, value) != null) {
      throw misuse(name + " is given twice");
    }
  }

  boolean wantsHelp() {
    return HELP.stream().anyMatch(this::has);
  }

  boolean has(String name) {
    return values.containsKey(name);
  }

  Optional<String> value(String name) {
    return Optional.ofNullable(values.get(name));
  }

  String required(String name) {
    return value(name).orElseThrow(() -> misuse(name + " is missing"));
  }

  /** A number from 1 to that of the last port. */
  Optional<Integer> number(String name) {
    return value(name).map(text -> number(name, text));
  }

  private int number(String name, String text) {
    int number = text.matches("[0-9]{1,5}") ? Integer.parseInt(text) : 0;
    if (number < 1 || number > HIGHEST_PORT) {
      throw misuse("%s is '%s', not a number from 1 to %d".formatted(name, text, HIGHEST_PORT));
    }
    return number;
  }

  /** What is thrown when the options cannot be. */
  StartupException misuse(String message) {
    return StartupException.ofUsage("%s (try %s --help)".formatted(message, command));
  }
}
