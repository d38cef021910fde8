import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { Failure } from "../../src/errors/error.ts";
import { requireTools } from "./required-tools.ts";

/** Velero's plugin folder, with one plugin as an image would put it there: the executable and, beside it, NAME.lib. */
export class PluginFolder {
  readonly folder: string;
  readonly #counted: string;
  readonly #starts: string;

  constructor(stateFolder: string) {
    this.folder = join(stateFolder, "plugins");
    this.#counted = join(stateFolder, "counted-plugins");
    this.#starts = join(stateFolder, "plugin-starts");
  }

  /** Puts an executable in place of the one before; `countStarts` puts a shell script before it that counts. */
  put(executable: string, options: { readonly countStarts: boolean }): void {
    rmSync(this.folder, { recursive: true, force: true });
    rmSync(this.#counted, { recursive: true, force: true });
    writeFileSync(this.#starts, "");
    if (!options.countStarts) return copyWithLibraries(executable, this.folder);
    requireTools("count the starts of the plugin", new Map([["bash", "GNU bash"]]));
    copyWithLibraries(executable, this.#counted);
    mkdirSync(this.folder);
    const script = join(this.folder, basename(executable));
    const real = join(this.#counted, basename(executable));
    // WHY exec -a: after discovery Velero starts the path that the plugin reported as its own, which is argv[0]. Under
    // its real name the script would be started once and never again.
    writeFileSync(script, `#!/bin/bash\necho >>'${this.#starts}'\nexec -a "$0" '${real}' "$@"\n`);
    chmodSync(script, 0o755);
  }

  /** How often the plugin's process was started since `put` with `countStarts`. */
  starts(): number {
    return readFileSync(this.#starts).length;
  }
}

function copyWithLibraries(executable: string, folder: string): void {
  requirePlugin(executable);
  mkdirSync(folder, { recursive: true });
  cpSync(executable, join(folder, basename(executable)));
  const libraries = `${executable}.lib`;
  if (existsSync(libraries)) cpSync(libraries, join(folder, basename(libraries)), { recursive: true });
}

/** Throws NotFound when there is no such executable. */
export function requirePlugin(executable: string): void {
  if (existsSync(executable)) return;
  throw new Failure("NotFound", `cannot install the plugin "${executable}": no such file`, {
    hint: "build it first: npm run build",
  });
}
