import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { PAGES, pathOf, readPage } from "./page.ts";

/** As GitHub makes anchors of headings. */
function anchors(text: string): Set<string> {
  const headings = [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) => heading);
  return new Set(
    headings.map((heading) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\w\- ]/g, "")
        .replaceAll(" ", "-"),
    ),
  );
}

for (const name of PAGES) {
  test(`every link on the page ${name} leads to a heading that is there`, async () => {
    const { text } = await readPage(name);
    for (const [, target = ""] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^https?:/.test(target)) continue;
      const [file = "", anchor] = target.split("#");
      const linked =
        file === ""
          ? text
          : await readFile(new URL(`../../${pathOf(name)}/../${file}`, import.meta.url), "utf8");
      if (anchor !== undefined) assert.ok(anchors(linked).has(anchor), `${target} leads nowhere`);
    }
  });
}
