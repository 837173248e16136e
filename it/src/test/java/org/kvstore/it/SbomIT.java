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

/**
 * The package says what it is made of, so that a known hole in a part is found. A build that is
 * offline cannot list it.
 */
class SbomIT {
  private static final String OF_PACKAGE = "META-INF/sbom/kvstore-liberty.cdx.json";
  private static final String OF_WAR = "WEB-INF/classes/META-INF/sbom/kvstore-server.cdx.json";
  private static final String LIBRARIES = "WEB-INF/lib/";

  @Test
  void everyLibrary_isInTheListOfTheWar_withItsVersion() throws IOException {
    Set<String> parts = parts(System.getProperty("it.war"), OF_WAR);
    assertThat(parts).containsAll(libraries());
    assertThat(parts).noneMatch(part -> part.startsWith("junit"));
  }

  @Test
  void runtimeAndWar_areInTheListOfThePackage() throws IOException {
    assertThat(parts(System.getProperty("it.launcher"), OF_PACKAGE))
        .anyMatch(part -> part.startsWith("openliberty-runtime-"))
        .anyMatch(part -> part.startsWith("kvstore-server-"));
  }

  private static Set<String> parts(String archive, String name) throws IOException {
    try (JarFile packaged = new JarFile(archive);
        InputStream list = packaged.getInputStream(packaged.getEntry(name))) {
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
