package org.kvstore.it.conformance;

import static org.kvstore.api.MediaTypes.INCREMENT;
import static org.kvstore.api.MediaTypes.JSON_PATCH;
import static org.kvstore.api.MediaTypes.MERGE_PATCH;

import java.util.List;

/** Patches that are none of their media type, with apostrophes for quotation marks. */
final class MalformedPatches {
  static final List<String> ALL =
      List.of(
          INCREMENT + " | ",
          INCREMENT + " | 1",
          INCREMENT + " | {}",
          INCREMENT + " | {'by':null}",
          INCREMENT + " | {'by':true}",
          INCREMENT + " | {'by':'1'}",
          INCREMENT + " | {'by':[1]}",
          INCREMENT + " | {'by':1e50}",
          INCREMENT + " | {'by':NaN}",
          INCREMENT + " | {'by':0x10}",
          INCREMENT + " | {'by':1" + "0".repeat(40) + "}",
          INCREMENT + " | {'by':0." + "0".repeat(40) + "1}",
          INCREMENT + " | {'by':1e2147483647}",
          INCREMENT + " | {'by':1,'at':2}",
          INCREMENT + " | {'by':1} {'by':1}",
          JSON_PATCH + " | ",
          JSON_PATCH + " | [",
          JSON_PATCH + " | {}",
          JSON_PATCH + " | 'text'",
          JSON_PATCH + " | [1]",
          JSON_PATCH + " | [[]]",
          JSON_PATCH + " | [] []",
          JSON_PATCH + " | [{}]",
          JSON_PATCH + " | [{'op':'jump','path':'/a'}]",
          JSON_PATCH + " | [{'op':1,'path':'/a'}]",
          JSON_PATCH + " | [{'op':'remove'}]",
          JSON_PATCH + " | [{'op':'remove','path':'a'}]",
          JSON_PATCH + " | [{'op':'remove','path':null}]",
          JSON_PATCH + " | [{'op':'add','path':'/a'}]",
          JSON_PATCH + " | [{'op':'test','path':'/a'}]",
          JSON_PATCH + " | [{'op':'move','path':'/a'}]",
          JSON_PATCH + " | [{'op':'copy','path':'/a','from':'a'}]",
          JSON_PATCH + " | " + "[".repeat(5_000) + "]".repeat(5_000),
          MERGE_PATCH + " | ",
          MERGE_PATCH + " | {",
          MERGE_PATCH + " | {'a'}",
          MERGE_PATCH + " | {'a':01}",
          MERGE_PATCH + " | {'a':1} {}",
          MERGE_PATCH + " | {'a':'\\ud800'",
          MERGE_PATCH + " | " + "[".repeat(5_000) + "]".repeat(5_000));

  private MalformedPatches() {}
}
