package org.kvstore.liberty;

import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;

/** A YAML document, or a part of one. */
record Document(Object content) {
  /** Those of a file, in which no key is there twice. */
  static List<Document> all(Path file) throws IOException {
    LoaderOptions options = new LoaderOptions();
    options.setAllowDuplicateKeys(false);
    List<Document> documents = new ArrayList<>();
    try (Reader text = Files.newBufferedReader(file)) {
      new Yaml(new SafeConstructor(options))
          .loadAll(text)
          .forEach(content -> documents.add(new Document(content)));
    }
    return documents;
  }

  /** What is under these names, one below the other. */
  Document at(String... names) {
    Object at = content;
    for (String name : names) {
      at = Optional.ofNullable(((Map<?, ?>) at).get(name)).orElseThrow(() -> missing(name));
    }
    return new Document(at);
  }

  private AssertionError missing(String name) {
    return new AssertionError("no " + name + " in " + content);
  }

  List<Document> items() {
    return ((List<?>) content).stream().map(Document::new).toList();
  }

  /** The one of the items that has this name. */
  Document named(String name) {
    return items().stream()
        .filter(item -> item.at("name").text().equals(name))
        .findFirst()
        .orElseThrow(() -> missing(name));
  }

  List<String> names() {
    return ((Map<?, ?>) content).keySet().stream().map(Object::toString).toList();
  }

  boolean has(String name) {
    return ((Map<?, ?>) content).containsKey(name);
  }

  String text() {
    return content.toString();
  }

  int number() {
    return (Integer) content;
  }
}
