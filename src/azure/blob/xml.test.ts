import assert from "node:assert/strict";
import { test } from "node:test";
import { failureCode } from "../../errors/error.ts";
import { parseListPage } from "./list-page.ts";
import { readXml } from "./xml.ts";

function events(xml: string): string[] {
  const seen: string[] = [];
  readXml(xml, {
    open: (name, attributes) => void seen.push(`<${name}${attributes}>`),
    text: (text) => void seen.push(text),
    close: (name) => void seen.push(`</${name}>`),
  });
  return seen;
}

const documents: ReadonlyArray<readonly [string, string, string[]]> = [
  ["nesting", "<a><b>t</b></a>", ["<a>", "<b>", "t", "</b>", "</a>"]],
  ["an empty element", "<a><b /><c/></a>", ["<a>", "<b>", "</b>", "<c>", "</c>", "</a>"]],
  ["attributes", `<a x="1" y = '2'/>`, [`<a x="1" y = '2'>`, "</a>"]],
  ["a mark and a declaration before it", '\uFEFF<?xml version="1.0"?>\n<a/>\n', ["<a>", "</a>"]],
  ["a comment", "<a>x<!-- <b> & -->y</a>", ["<a>", "x", "y", "</a>"]],
  ["verbatim text", "<a><![CDATA[<b>&amp;]]></a>", ["<a>", "<b>&amp;", "</a>"]],
  ["the five entities", "<a>&lt;&gt;&amp;&quot;&apos;</a>", ["<a>", `<>&"'`, "</a>"]],
  ["entities once and not twice", "<a>&amp;amp;&amp;#65;</a>", ["<a>", "&amp;&#65;", "</a>"]],
  ["numeric references", "<a>&#x1F434;&#13;&#65;</a>", ["<a>", "🐴\rA", "</a>"]],
  ["line ends", "<a>1\r\n2\r3</a>", ["<a>", "1\n2\n3", "</a>"]],
];

for (const [what, xml, expected] of documents) {
  test(`${what} in XML: read as it means`, () => {
    assert.deepEqual(events(xml), expected);
  });
}

const broken = [
  "",
  "text",
  "<a>",
  "<a></b>",
  "<a><b></a></b>",
  "<a/><b/>",
  "<a>&unknown;</a>",
  "<a>&amp</a>",
  "<a>&#1114112;</a>",
  "<a",
  "<a x=1/>",
  "<a>t</a>rest",
  '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
  "<html><br></html>",
];

for (const xml of broken) {
  test(`${JSON.stringify(xml)} is no XML that is accepted`, () => {
    assert.throws(
      () => events(xml),
      (error: unknown) => failureCode(error) === "DataLoss",
    );
  });
}

const entry = (name: string, size: number): string =>
  `<Blob><Name>${name}</Name><Properties><Content-Length>${size}</Content-Length></Properties></Blob>`;

test("keys are taken as they stand: blanks, zeros, what looks like numbers", () => {
  const names = [" a ", "007", "1e5", "true", "&lt;&amp;amp;&gt;", "a&#xD;b"];
  const xml = `<EnumerationResults><Blobs>${names.map((name) => entry(name, 7)).join("")}</Blobs><NextMarker /></EnumerationResults>`;
  assert.deepEqual(
    parseListPage(xml).blobs.map(({ key }) => key),
    [" a ", "007", "1e5", "true", "<&amp;>", "a\rb"],
  );
});

test("a name that XML cannot hold comes encoded and is decoded, others are not", () => {
  const names =
    '<BlobPrefix><Name Encoded="true">a%EF%BF%BE%2F</Name></BlobPrefix><BlobPrefix><Name>b%2F</Name></BlobPrefix>';
  const page = parseListPage(`<EnumerationResults><Blobs>${names}</Blobs></EnumerationResults>`);
  assert.deepEqual(page.prefixes, ["a\uFFFE/", "b%2F"]);
});

test("a page tells sizes and where the next one begins", () => {
  const page = parseListPage(
    `<EnumerationResults><Prefix>x</Prefix><Blobs>${entry("a", 0)}${entry("b", 5e12)}</Blobs><NextMarker>2!8!x--</NextMarker></EnumerationResults>`,
  );
  assert.deepEqual(page.blobs, [
    { key: "a", size: 0 },
    { key: "b", size: 5e12 },
  ]);
  assert.equal(page.nextMarker, "2!8!x--");
});

for (const xml of [
  "<Error/>",
  "<EnumerationResults><Blobs><Blob><Name/></Blob></Blobs></EnumerationResults>",
]) {
  test(`${xml} is no listing`, () => {
    assert.throws(() => parseListPage(xml), { code: "DataLoss" });
  });
}
