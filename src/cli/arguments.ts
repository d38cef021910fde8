import { parseArgs, type ParseArgsOptionsConfig } from "node:util";
import { WrongCall } from "./wrong-call.ts";

/** Reads options and, where a command has them, names behind the options. Throws `WrongCall`. */
export function readArguments<const Options extends ParseArgsOptionsConfig>(
  args: readonly string[],
  options: Options,
  allowPositionals = false,
) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals, strict: true });
  } catch (error) {
    // Node's first sentence says it; the others are about escaping.
    const reason = (error instanceof Error ? error.message : String(error)).split(". ")[0] ?? "";
    throw new WrongCall(`${reason.slice(0, 1).toLowerCase()}${reason.slice(1)}`);
  }
}
