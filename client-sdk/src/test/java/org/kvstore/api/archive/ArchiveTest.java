package org.kvstore.api.archive;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.kvstore.api.archive.ArchiveWriter.Member;

/** What was written is read back; with any other byte in it, or fewer, it is refused. */
class ArchiveTest {
  private static final long SEED = 42;
  private static final ArchiveHead HEAD =
      new ArchiveHead("0b8d-11", 77, Instant.parse("2026-03-04T05:06:07Z"));

  @TempDir Path parent;
  private final Random random = new Random(SEED);
  private final Map<String, byte[]> files = new LinkedHashMap<>();

  @BeforeEach
  void fill() {
    files.put("CURRENT", "MANIFEST-000005\n".getBytes(StandardCharsets.US_ASCII));
    files.put("MANIFEST-000005", bytes(1_300));
    files.put("000004.log", bytes(0));
    files.put("000009.sst", bytes(512));
    files.put("000010.sst", bytes(300_000));
  }

  @Test
  void read_ofWhatWasWritten_givesTheSame() throws IOException {
    Map<String, byte[]> read = new LinkedHashMap<>();

    ArchiveHead head = ArchiveReader.read(new ByteArrayInputStream(archive()), into(read));

    assertThat(head).isEqualTo(HEAD);
    assertThat(read).usingRecursiveComparison().isEqualTo(files);
  }

  @Test
  void read_ofAnEncryptedArchive_saysTheKey_beforeTheFiles() throws IOException {
    ArchiveHead head = new ArchiveHead("0b8d", 7, HEAD.createdAt(), "0123456789abcdef");
    ByteArrayOutputStream archive = new ByteArrayOutputStream();
    List<Member> members = List.of(new Member("CURRENT", 0, InputStream::nullInputStream));
    new ArchiveWriter(head, members).writeTo(archive, () -> {});
    List<Object> seen = new ArrayList<>();

    ArchiveReader.read(
        new ByteArrayInputStream(archive.toByteArray()),
        new ArchiveReader.Target() {
          @Override
          public void begin(ArchiveHead begun) {
            seen.add(begun);
          }

          @Override
          public OutputStream open(String name, long size) {
            seen.add(name);
            return OutputStream.nullOutputStream();
          }
        });

    assertThat(seen).containsExactly(head, "CURRENT");
  }

  @Test
  void size_isThatOfTheArchive() throws IOException {
    assertThat(writer().size()).isEqualTo(archive().length);
  }

  @Test
  void read_ofEveryCutInTheStructure_refuses() throws IOException {
    byte[] archive = archive();
    for (int length = 0; length < archive.length; length += length < 9_000 ? 7 : 5_003) {
      assertRefused(Arrays.copyOf(archive, length));
    }
    for (int missing = 1; missing <= 4_000; missing += 13) {
      assertRefused(Arrays.copyOf(archive, archive.length - missing));
    }
  }

  @Test
  void read_withAnyBitFlipped_refuses() throws IOException {
    byte[] archive = archive();
    for (int at : places(archive.length)) {
      int bit = 1 << random.nextInt(8);
      archive[at] ^= (byte) bit;
      assertRefused(archive);
      archive[at] ^= (byte) bit;
    }
    read(archive);
  }

  @Test
  void read_withSomethingBehind_refuses() throws IOException {
    byte[] archive = archive();
    assertRefused(Arrays.copyOf(archive, archive.length + 1));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"../LOCK", "..", "LOCK", "000001.sst.exe", "a/000001.sst", "IDENTITY", "\u00e9"})
  void read_withAForeignName_refuses(String name) throws IOException {
    byte[] archive = archive();
    int at = indexOf(archive, "shards/0/CURRENT\0");
    byte[] header =
        new TarHeader(ascii(ArchiveWriter.SHARD + name), 16, HEAD.createdAt().getEpochSecond())
            .bytes();
    System.arraycopy(header, 0, archive, at, header.length);
    assertThatThrownBy(() -> read(archive))
        .isInstanceOf(ArchiveException.class)
        .hasMessageContaining("no backup has");
  }

  @Test
  void read_ofAnEntryTwice_refuses() throws IOException {
    byte[] archive = archive();
    int from = indexOf(archive, "shards/0/CURRENT\0");
    ByteArrayOutputStream doubled = new ByteArrayOutputStream();
    doubled.write(archive, 0, from + 1_024);
    doubled.write(archive, from, archive.length - from);
    assertThatThrownBy(() -> read(doubled.toByteArray())).hasMessageContaining("twice");
  }

  @Test
  void read_ofDamagedContent_namesTheEntry() throws IOException {
    byte[] archive = archive();
    archive[indexOf(archive, "shards/0/000010.sst\0") + 1_000] ^= 1;
    assertThatThrownBy(() -> read(archive)).hasMessageContaining("shards/0/000010.sst");
  }

  @Test
  void read_ofAnotherFormat_says() throws IOException {
    byte[] archive = archive();
    archive[indexOf(archive, "kvstore-backup 1") + 15] = '2';
    assertThatThrownBy(() -> read(archive)).hasMessageContaining("kvstore-backup 1");
  }

  @Test
  void tarAndSha256sum_understandIt() throws Exception {
    Path archive = Files.write(parent.resolve("a.tar"), archive());
    Path out = Files.createDirectory(parent.resolve("out"));
    assertThat(
            run(
                "tar -xf "
                    + archive
                    + " -C "
                    + out
                    + " && cd "
                    + out
                    + " && sha256sum -c SHA256SUMS"))
        .contains("BACKUP: OK", "shards/0/000010.sst: OK");
    assertThat(out.resolve("shards/0/000010.sst")).hasBinaryContent(files.get("000010.sst"));
  }

  private int[] places(int length) {
    List<Integer> places = new ArrayList<>();
    for (int i = 0; i < 1_500; i++) {
      places.add(random.nextInt(length));
      places.add(random.nextInt(9_000));
      places.add(length - 1 - random.nextInt(4_000));
    }
    return places.stream().mapToInt(Integer::intValue).toArray();
  }

  private void assertRefused(byte[] archive) {
    assertThatThrownBy(() -> read(archive)).isInstanceOf(ArchiveException.class);
  }

  private static void read(byte[] archive) throws IOException {
    ArchiveReader.read(new ByteArrayInputStream(archive), ArchiveReader.Target.NOWHERE);
  }

  private static ArchiveReader.Target into(Map<String, byte[]> read) {
    return (name, size) ->
        new ByteArrayOutputStream() {
          @Override
          public void close() {
            read.put(name, toByteArray());
          }
        };
  }

  private byte[] archive() throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    writer().writeTo(out, () -> {});
    return out.toByteArray();
  }

  private ArchiveWriter writer() throws IOException {
    List<Member> members = new ArrayList<>();
    for (Map.Entry<String, byte[]> file : files.entrySet()) {
      members.add(
          new Member(
              Files.write(parent.resolve(file.getKey()), file.getValue()), file.getValue().length));
    }
    return new ArchiveWriter(HEAD, members);
  }

  private byte[] bytes(int count) {
    byte[] bytes = new byte[count];
    random.nextBytes(bytes);
    return bytes;
  }

  private static int indexOf(byte[] archive, String text) {
    return new String(archive, StandardCharsets.ISO_8859_1).indexOf(text);
  }

  private static String ascii(String text) {
    return new String(text.getBytes(StandardCharsets.US_ASCII), StandardCharsets.US_ASCII);
  }

  private static String run(String command) throws Exception {
    Process process = new ProcessBuilder("sh", "-c", command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue()).as(output).isZero();
    return output;
  }
}
