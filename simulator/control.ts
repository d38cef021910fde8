import { createHash, timingSafeEqual } from "node:crypto";
import type { SimulatedClock } from "./core/clock.ts";
import type { InspectableFaultQueue } from "./core/fault-queue.ts";
import type { Fault } from "./core/faults.ts";
import type { RequestLog } from "./core/request-log.ts";
import type { Directory } from "./entra/directory.ts";
import { bodyText, jsonAnswer } from "./http/json-answer.ts";
import type { Handler, SimulatedRequest } from "./http/message.ts";
import type { Inventory } from "./resource-manager/inventory.ts";
import type { BlobContainers } from "./resource-manager/routes.ts";
import type { MachineAssignment } from "./world-state.ts";

export interface ControlOptions {
  /** Asked for as `Authorization: Bearer TOKEN`. A secret. */
  readonly token: string;
  readonly clock: SimulatedClock;
  readonly faults: InspectableFaultQueue;
  readonly log: RequestLog;
  readonly directory: Directory;
  readonly inventory: Inventory;
  readonly containers: BlobContainers;
  readonly assign: (machine: MachineAssignment) => void;
  /** Addresses, as JSON. */
  readonly describe: () => unknown;
}

/** What can be called by name: `POST /_simulator/directory/addSecret` with the arguments as a JSON array. */
const DIRECTORY_CALLS = [
  ...(["addTenant", "addApplication", "removeApplication", "addSecret", "removeSecret"] as const),
  ...(["addCertificate", "trustSubject", "trustIssuer"] as const),
  ...(["addFederatedCredential", "removeFederatedCredential"] as const),
] as const satisfies readonly (keyof Directory)[];

const INVENTORY_CALLS = [
  ...(["addSubscription", "addResourceGroup", "addStorageAccount", "addDisk"] as const),
  ...(["addUserAssignedIdentity", "addSystemAssignedIdentity", "addFederatedCredential"] as const),
  ...(["assignRole", "removeRoleAssignment"] as const),
  ...(["addSnapshot", "addDiskEncryptionSet", "addDiskAccess", "writeDisk", "attachDisk"] as const),
  ...(["disk", "snapshot", "disks", "snapshots", "setComputePace", "setComputePageSize"] as const),
  ...(["loseRegion", "restoreRegion", "failCopies", "failOperations", "restrictSkus"] as const),
  ...(["addLock", "removeLock"] as const),
] as const satisfies readonly (keyof Inventory)[];

/**
 * The world's levers, for tests in any language: below `/_simulator/`, JSON in both directions.
 *
 * `faults` (GET those left, POST one or a list, DELETE), `clock` (GET, POST `{"advanceMilliseconds": n}`), `requests`
 * (GET, DELETE), `machine` (POST the identities that IMDS has), `containers` (POST `{"account", "container"}`),
 * `directory/METHOD` and `inventory/METHOD`, `endpoints` (GET). 400 with `{"error"}` says what was wrong.
 */
export function control(options: ControlOptions): Handler {
  return async (request) => {
    if (!isKnown(request.headers["authorization"], options.token))
      return jsonAnswer(401, { error: "unauthorized" });
    try {
      return jsonAnswer(200, (await act(request, options)) ?? {});
    } catch (error) {
      return jsonAnswer(400, { error: error instanceof Error ? error.message : String(error) });
    }
  };
}

async function act(request: SimulatedRequest, options: ControlOptions): Promise<unknown> {
  const { clock, faults, log } = options;
  const [, root, subject = "", name = ""] = request.path.split("/");
  if (root !== "_simulator") throw new Error(`there is no "${request.path}"`);
  const text = await bodyText(request);
  const sent: unknown = text === "" ? undefined : JSON.parse(text);
  switch (`${request.method} ${subject}`) {
    case "GET faults":
      return faults.unspent();
    case "POST faults":
      for (const fault of [sent].flat()) faults.add(fault as Fault);
      return faults.unspent();
    case "DELETE faults":
      return faults.clear();
    case "GET clock":
      return { now: clock.now() };
    case "POST clock":
      clock.advance(numberIn(sent, "advanceMilliseconds"));
      return { now: clock.now() };
    case "GET requests":
      return log.entries();
    case "DELETE requests":
      return log.clear();
    case "POST machine":
      return options.assign(sent as MachineAssignment);
    case "POST containers":
      return options.containers.create(textIn(sent, "account"), textIn(sent, "container"));
    case "POST directory":
      return call(options.directory, DIRECTORY_CALLS, name, sent);
    case "POST inventory":
      return call(options.inventory, INVENTORY_CALLS, name, sent);
    case "GET endpoints":
      return options.describe();
    default:
      throw new Error(`there is no ${request.method} of "${request.path}"`);
  }
}

function call<Target extends object, Name extends keyof Target & string>(
  target: Target,
  names: readonly Name[],
  name: string,
  sent: unknown,
): unknown {
  const found = names.find((known) => known === name);
  const method = found === undefined ? undefined : target[found];
  if (typeof method !== "function") throw new Error(`there is no "${name}"; there are ${names.join(", ")}`);
  if (!Array.isArray(sent)) throw new Error("the arguments are to be sent as a JSON array");
  return Reflect.apply(method, target, sent);
}

function fieldIn(sent: unknown, name: string): unknown {
  return typeof sent === "object" && sent !== null ? Reflect.get(sent, name) : undefined;
}

function numberIn(sent: unknown, name: string): number {
  const value = fieldIn(sent, name);
  if (typeof value !== "number" || !Number.isFinite(value)) throw new Error(`"${name}" is to be a number`);
  return value;
}

function textIn(sent: unknown, name: string): string {
  const value = fieldIn(sent, name);
  if (typeof value !== "string" || value === "") throw new Error(`"${name}" is to be a string`);
  return value;
}

function isKnown(authorization: string | undefined, token: string): boolean {
  const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(authorization ?? ""), digest(`Bearer ${token}`));
}
