/**
 * Run by the Node that will be the executable, as a process of its own: `compile.ts PART...` writes the compiled code of
 * each part, which lies in the working directory, beside it.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { setFlagsFromString } from "node:v8";
import { Script } from "node:vm";
import { CODE_CACHE_SUFFIX } from "./part-names.ts";

for (const name of process.argv.slice(2)) {
  // Every function and not only those around: which ones a run needs would have to be found out by a run, and no two
  // of those are alike.
  setFlagsFromString("--no-lazy");
  const script = new Script(readFileSync(name, "latin1"), { filename: name });
  // V8 notes the options in the code, and refuses it where they differ.
  setFlagsFromString("--lazy");
  writeFileSync(`${name}${CODE_CACHE_SUFFIX}`, script.createCachedData());
}
