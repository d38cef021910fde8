import { Failure } from "../../errors/error.ts";
import type { ResourceCall } from "./call.ts";
import { field, textField } from "./json.ts";
import type { ResourceManager } from "./resource-manager.ts";

/**
 * The entries of all pages, each page asked for when the one before has been taken. Rejects as `ResourceManager.call` does.
 * Source: learn.microsoft.com/rest/api/azure/#async-operations-throttling-and-paging
 */
export async function* listAll(
  manager: ResourceManager,
  call: ResourceCall,
  signal: AbortSignal,
): AsyncGenerator<unknown, void, undefined> {
  let answer = await manager.send(call, signal);
  for (;;) {
    const page = await manager.jsonOf(call, answer);
    const entries = field(page, "value");
    if (Array.isArray(entries)) {
      yield* entries;
    }
    const next = textField(page, "nextLink");
    if (next === undefined) {
      return;
    }
    if (!manager.owns(next)) {
      throw new Failure("Unavailable", `cannot ${call.what}: the next page would be on another host`, {
        hint: "something between here and Azure changes Resource Manager's answers: no token is sent there",
      });
    }
    answer = await manager.sendTo(next, call, signal);
  }
}
