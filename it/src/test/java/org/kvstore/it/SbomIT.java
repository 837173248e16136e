package org.kvstore.it;

import static org.assertj.core.api.Assertions.assertThat;

import jakarta.json.JsonObject;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Set;
import java.util.jar.JarFile;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.kvstore.it.support.Answer;

/** The package says what it is made of, so that a known hole in a part is found. */
class SbomIT {
  private static final String LIST = "META-INF/sbom/kvstore.cdx.json";
  private static final String LIBRARIES = "WEB-INF/lib/";

  @Test
  void everyLibrary_isInTheListOfParts_withItsVersion() throws IOException {
    Set<String> parts = parts();
    for (String library : libraries()) {
      assertThat(parts).contains(library);
    }
    assertThat(parts).anyMatch(part -> part.startsWith("openliberty-runtime-"));
    assertThat(parts).noneMatch(part -> part.startsWith("junit"));
  }

  private static Set<String> parts() throws IOException {
    try (JarFile packaged = new JarFile(System.getProperty("it.launcher"));
        InputStream list = packaged.getInputStream(packaged.getEntry(LIST))) {
      JsonObject document = Answer.json(new String(list.readAllBytes(), StandardCharsets.UTF_8));
      assertThat(document.getString("bomFormat")).isEqualTo("CycloneDX");
      return document.getJsonArray("components").getValuesAs(JsonObject.class).stream()
          .map(part -> part.getString("name") + "-" + part.getString("version"))
          .collect(Collectors.toSet());
    }
  }

  private static List<String> libraries() throws IOException {
    try (JarFile war = new JarFile(System.getProperty("it.war"))) {
      List<String> libraries =
          war.stream()
              .map(entry -> entry.getName())
              .filter(name -> name.startsWith(LIBRARIES) && name.endsWith(".jar"))
              .map(name -> name.substring(LIBRARIES.length(), name.length() - ".jar".length()))
              .toList();
      assertThat(libraries).hasSizeGreaterThan(4);
      return libraries;
    }
  }
}
