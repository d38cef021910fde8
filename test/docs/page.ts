import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

/** A fenced block of a page. */
export interface Block {
  /** `sh`, `yaml`, `json`, `dotenv`, … */
  readonly language: string;
  /** What stands behind the language: says what the block is for where tests must know. */
  readonly mark: string;
  readonly text: string;
  /** Where it begins, for messages. */
  readonly place: string;
}

/** A page of docs/, as tests see it. */
export interface Page {
  readonly name: string;
  readonly text: string;
  readonly blocks: readonly Block[];
}

/** All pages of docs/sign-in that end with a backup storage location that is signed in to. */
export const METHOD_PAGES = [
  "account-key",
  "list-keys",
  "sas-token",
  "client-secret",
  "client-certificate",
  "workload-identity",
  "managed-identity",
] as const;

export type MethodPage = (typeof METHOD_PAGES)[number];

/** Those of docs itself. */
const TOP_PAGES: ReadonlySet<string> = new Set(["disks"]);

export const PAGES = [...METHOD_PAGES, "clouds", "README", "disks"] as const;

/** Where a page is, from the top of the checkout. */
export function pathOf(name: string): string {
  return TOP_PAGES.has(name) ? `docs/${name}.md` : `docs/sign-in/${name}.md`;
}

export async function readPage(name: string): Promise<Page> {
  const path = fileURLToPath(new URL(`../../${pathOf(name)}`, import.meta.url));
  const text = await readFile(path, "utf8");
  return { name, text, blocks: blocksOf(name, text) };
}

/** The blocks of a language, those with the mark when one is given. */
export function blocks(page: Page, language: string, mark?: string): readonly Block[] {
  return page.blocks.filter(
    (block) => block.language === language && (mark === undefined || block.mark === mark),
  );
}

/** Fences are indented inside lists; so is what they hold. */
function blocksOf(name: string, text: string): Block[] {
  const found: Block[] = [];
  const fences = /^( *)```([a-z]+)[ ]*(.*)\n([\s\S]*?)^\1```$/gm;
  for (const match of text.matchAll(fences)) {
    const [, indent = "", language = "", mark = "", body = ""] = match;
    const at = match.index;
    const line = text.slice(0, at).split("\n").length;
    const lines = body.split("\n").map((one) => (one.startsWith(indent) ? one.slice(indent.length) : one));
    found.push({
      language,
      mark: mark.trim(),
      text: lines.join("\n"),
      place: `${pathOf(name)}:${line}`,
    });
  }
  return found;
}

/** Rows of the tables whose first column has this heading, cells without their Markdown escapes. */
export function rowsUnder(page: Page, heading: string): readonly (readonly string[])[] {
  const rows: (readonly string[])[] = [];
  let inside = false;
  for (const line of page.text.split("\n")) {
    const cells = line.startsWith("|") ? cellsOf(line) : undefined;
    if (cells === undefined) inside = false;
    else if (cells[0] === heading) inside = true;
    else if (inside && !/^[-: ]+$/.test(cells[0] ?? "")) rows.push(cells);
  }
  return rows;
}

function cellsOf(line: string): string[] {
  return line
    .slice(1)
    .replace(/\|\s*$/, "")
    .split(/(?<!\\)\|/)
    .map((cell) => cell.trim().replaceAll("\\|", "|"));
}
