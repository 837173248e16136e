package org.kvstore.liberty.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.jar.JarFile;
import java.util.zip.ZipEntry;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.kvstore.liberty.http.Refusal.Code;

final class PlatformPathsTest {
  @ParameterizedTest
  @ValueSource(strings = {"/", "*", "/v1/kv/health", "/healthy", "/ibmx", "/metrics", "/open", ""})
  void contain_pathOfTheApplication_isFalse(String path) {
    assertThat(PlatformPaths.contain(path)).isFalse();
  }

  @ParameterizedTest
  @ValueSource(strings = {"/health", "/health/x", "/ibm/api", "/openapi/ui/"})
  void contain_pathOfLiberty_isTrue(String path) {
    assertThat(PlatformPaths.contain(path)).isTrue();
  }

  @ParameterizedTest
  @ValueSource(strings = {"/health", "/health/live", "/health/ready", "/health/started"})
  void refusal_health_admitsReading(String path) {
    assertThat(refusal("GET", path)).isNull();
    assertThat(refusal("HEAD", path)).isNull();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/health/xyz",
        "/health/ready/",
        "/openapi/zz",
        "/openapi/ui/css/",
        "/ibm",
        "/ibm/api/x"
      })
  void refusal_unknownPath_isNotFoundWhateverTheMethod(String path) {
    assertThat(codeOf(refusal("GET", path))).isEqualTo(Code.NOT_FOUND);
    assertThat(codeOf(refusal("POST", path))).isEqualTo(Code.NOT_FOUND);
  }

  @ParameterizedTest
  @ValueSource(strings = {"/health", "/openapi", "/openapi/ui/index.html"})
  void refusal_otherMethod_namesThoseOfThePath(String path) {
    assertThat(refusal("POST", path))
        .isEqualTo(
            new Refusal(Code.METHOD_NOT_ALLOWED, "This path has only GET, HEAD.", "GET, HEAD"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"format=%zz", "format=%", "a=%20&b=%2"})
  void refusal_malformedEscapeInQuery_isInvalid(String query) {
    Refusal refusal = PlatformPaths.refusal("GET", "/openapi", query);

    assertThat(codeOf(refusal)).isEqualTo(Code.REQUEST_INVALID);
  }

  /** The names change with Liberty's version; this is what notices. */
  @Test
  void refusal_filesOfLibertysOpenApiPage_areAdmitted() throws IOException {
    try (JarFile page = new JarFile(openApiPage().toFile())) {
      assertThat(page.stream().map(ZipEntry::getName))
          .contains("index.html")
          .filteredOn(name -> !name.endsWith("/") && !name.matches("(META|WEB)-INF/.*"))
          .allSatisfy(name -> assertThat(refusal("GET", "/openapi/ui/" + name)).isNull());
    }
  }

  private static Path openApiPage() throws IOException {
    Path libraries = Path.of("target/liberty/wlp/lib");
    try (DirectoryStream<Path> jars =
        Files.newDirectoryStream(libraries, "com.ibm.ws.microprofile.openapi.ui_*.jar")) {
      return jars.iterator().next();
    }
  }

  private static @Nullable Refusal refusal(String method, String path) {
    return PlatformPaths.refusal(method, path, null);
  }

  private static @Nullable Code codeOf(@Nullable Refusal refusal) {
    return refusal == null ? null : refusal.code();
  }
}
