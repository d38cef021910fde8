/**
 * Writes docs/reference.md from the tables that the plugin itself parses by. `--check` writes nothing and exits 1
 * when the file is not what the tables say.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { credentialKeys, type CredentialKey } from "../src/config/credential-keys.ts";
import { BOOLEAN_WORDS } from "../src/config/go-words.ts";
import { kinds } from "../src/config/kinds.ts";
import { keysOf } from "../src/config/location-config.ts";
import type { LocationKey, LocationType } from "../src/config/location-keys.ts";

const target = fileURLToPath(new URL("../docs/reference.md", import.meta.url));

/** The whole file, as docs/reference.md must be. */
export function renderReference(): string {
  return `${[...introduction(), ...locationSection("object store"), ...locationSection("volume snapshotter"), ...credentialsSection()].join("\n\n")}\n`;
}

/** Whether the file is what the tables say. */
export function referenceIsCurrent(): boolean {
  return readFileSync(target, "utf8") === renderReference();
}

function introduction(): string[] {
  return [
    "<!-- Written by `npm run reference` from src/config; change it there. -->",
    "# Reference",
    "All values are text, as Velero passes them: numbers and booleans need quotes in YAML. An empty value counts as absent. A key that is not listed here is an error.",
    `A *boolean* is one of ${BOOLEAN_WORDS.map((word) => `\`${word}\``).join(", ")}.`,
  ];
}

const TITLES: Readonly<Record<LocationType, string>> = {
  "object store": "BackupStorageLocation: `spec.config`",
  "volume snapshotter": "VolumeSnapshotLocation: `spec.config`",
};

function locationSection(type: LocationType): string[] {
  return [`## ${TITLES[type]}`, ...keysOf(type).flatMap(([key, row]) => locationKey(key, row))];
}

function locationKey(key: string, row: LocationKey): string[] {
  const facts = [
    row.required === true ? `**required** ${kinds[row.kind].words}` : kinds[row.kind].words,
    ...(row.aliases ?? []).map((alias) => `also written \`${alias}\``),
    ...(row.absent === undefined ? [] : [`default: ${row.absent}`]),
    ...(row.fromVelero === true ? ["set by Velero"] : []),
    ...(row.ours === true ? ["not known to the official plugin"] : []),
    `since ${row.since}`,
  ];
  return [`### \`${key}\``, facts.join(" · "), row.help];
}

function credentialsSection(): string[] {
  return [
    "## Credentials file",
    "Lines of `KEY=VALUE`. `#` begins a comment, unless it stands in quotes; `$NAME` and `${NAME}` stand for the value of an earlier line, unless they stand in single quotes, so a secret with `$` or `#` in it belongs in single quotes. A value cannot span lines: in double quotes, `\\n` is a line end. The file is read as the official plugin reads it, by the rules of the Go module `github.com/joho/godotenv` v1.4.",
    "File-system backups, which Velero makes without this plugin, read the same file by other rules since Velero 1.18: there `$` has no meaning. A value in single quotes means the same to both.",
    "Any other key is allowed: `storageAccountKeyEnvVar` and `storageAccountSASTokenEnvVar` name keys of your own choice.",
    ...Object.entries<CredentialKey>(credentialKeys).flatMap(([key, row]) => [
      `### \`${key}\``,
      `${row.secret ? "secret: " : ""}${row.help}`,
    ]),
  ];
}

function main(): void {
  if (!process.argv.includes("--check")) {
    writeFileSync(target, renderReference());
  } else if (!referenceIsCurrent()) {
    process.stderr.write("docs/reference.md is not what src/config says: run `npm run reference`\n");
    process.exitCode = 1;
  }
}

if (import.meta.main) {
  main();
}
