/**
 * The executable's main script: loads the bundle's parts from the executable's assets, each script when one of its parts is first asked for.
 * It is bundled by itself (`bundle.ts`) and runs before everything else, so that it stays small.
 */
import { getRawAsset } from "node:sea";
import { Script } from "node:vm";
import { CODE_CACHE_SUFFIX, MAIN_PART } from "./part-names.ts";

/** Whether every part has its compiled code beside it; set by the bundler. */
declare const VELERO_AZURE_CODE_CACHE: boolean;

/** The script that a part is in, where that has not the part's own name; set by the bundler. */
declare const VELERO_AZURE_HOMES: Readonly<Record<string, string>>;

type Part = (exports: object, require: (id: string) => unknown, module: { exports: object }) => void;

const homes = VELERO_AZURE_HOMES;
const defined: Record<string, Part> = {};
const loaded = new Map<string, { exports: object }>();

function load(id: string): unknown {
  const builtin = process.getBuiltinModule(id);
  if (builtin !== undefined) return builtin;
  const known = loaded.get(id);
  if (known !== undefined) return known.exports;
  const module = { exports: {} };
  loaded.set(id, module);
  const name = id.slice("./".length);
  if (defined[name] === undefined) Object.assign(defined, run(homes[name] ?? name));
  defined[name]?.(module.exports, load, module);
  return module.exports;
}

/** What `bundle.ts` has wrapped the parts into. */
function run(name: string): Record<string, Part> {
  const script = new Script(asset(name).toString("latin1"), {
    filename: name,
    ...(VELERO_AZURE_CODE_CACHE ? { cachedData: asset(`${name}${CODE_CACHE_SUFFIX}`) } : {}),
  });
  return script.runInThisContext() as Record<string, Part>;
}

/** Not copied: the asset is part of the executable in memory. */
function asset(name: string): Buffer {
  return Buffer.from(getRawAsset(name));
}

load(`./${MAIN_PART}`);
