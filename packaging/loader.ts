/**
 * The executable's main script: loads the bundle's parts from the executable's assets, each when it is first asked for.
 * It is bundled by itself (`bundle.ts`) and runs before everything else, so that it stays small.
 */
import { getRawAsset } from "node:sea";
import { Script } from "node:vm";
import { CODE_CACHE_SUFFIX, MAIN_PART } from "./part-names.ts";

/** Whether every part has its compiled code beside it; set by the bundler. */
declare const VELERO_AZURE_CODE_CACHE: boolean;

type Part = (exports: object, require: (id: string) => unknown, module: { exports: object }) => void;

const loaded = new Map<string, { exports: object }>();

function load(id: string): unknown {
  const builtin = process.getBuiltinModule(id);
  if (builtin !== undefined) return builtin;
  const known = loaded.get(id);
  if (known !== undefined) return known.exports;
  const module = { exports: {} };
  loaded.set(id, module);
  const name = id.slice("./".length);
  const script = new Script(asset(name).toString("latin1"), {
    filename: name,
    ...(VELERO_AZURE_CODE_CACHE ? { cachedData: asset(`${name}${CODE_CACHE_SUFFIX}`) } : {}),
  });
  // What `bundle.ts` has wrapped each part into.
  (script.runInThisContext() as Part)(module.exports, load, module);
  return module.exports;
}

/** Not copied: the asset is part of the executable in memory. */
function asset(name: string): Buffer {
  return Buffer.from(getRawAsset(name));
}

load(`./${MAIN_PART}`);
