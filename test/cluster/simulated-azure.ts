import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Failure } from "../../src/errors/error.ts";
import type { UnspentFault } from "../../simulator/core/fault-queue.ts";
import type { Fault } from "../../simulator/core/faults.ts";
import type { Directory } from "../../simulator/entra/directory.ts";
import type { ReadyMade } from "../../simulator/ready-made.ts";
import type { Inventory } from "../../simulator/resource-manager/inventory.ts";
import type { SimulatorEndpoints } from "../../simulator/simulator.ts";
import { Pending, waitFor } from "./bounded-wait.ts";
import { type InsideAnswer, requestInside } from "./inside-request.ts";
import type { Namespace } from "./namespace.ts";

type Told = ReadyMade & { readonly endpoints: SimulatorEndpoints };

type Calls<Target> = {
  [Name in keyof Target]: Target[Name] extends (...args: never) => unknown ? Name : never;
}[keyof Target] &
  string;

const simulator = fileURLToPath(new URL("../../simulator/main.ts", import.meta.url));

/** The local Azure in the namespace, and its levers from outside of it. */
export class SimulatedAzure {
  readonly endpoints: SimulatorEndpoints;
  /** Path of the PEM of who vouches for its certificates. */
  readonly authority: string;
  /** Path of what AZURE_ENVIRONMENT_FILEPATH takes. */
  readonly cloudFile: string;
  /** A secret: what the control port asks for. */
  readonly controlToken: string;
  readonly #namespace: Namespace;

  private constructor(namespace: Namespace, told: Told) {
    this.#namespace = namespace;
    this.endpoints = told.endpoints;
    this.authority = told.caFile;
    this.cloudFile = told.cloudFile;
    this.controlToken = readFileSync(told.controlTokenFile, "utf8");
  }

  static async start(namespace: Namespace): Promise<SimulatedAzure> {
    // In the namespace's own folder, which goes with it: the simulator itself is killed and tidies nothing up.
    const temporary = join(namespace.folder, "azure");
    mkdirSync(temporary, { mode: 0o700 });
    const command = [process.execPath, simulator, "--json"];
    const daemon = namespace.spawn("azure", command, { TMPDIR: temporary });
    const told = await waitFor("the local Azure's addresses", () => readTold(daemon.logFile), {
      logs: daemon.logFile,
      hopeless: daemon.hopeless,
    });
    return new SimulatedAzure(namespace, told);
  }

  /** Calls a method of the simulated Entra's directory. */
  async directory<Name extends Calls<Directory>>(
    name: Name,
    ...args: Parameters<Directory[Name]>
  ): Promise<ReturnType<Directory[Name]>> {
    return JSON.parse(await this.#control(`directory/${name}`, args));
  }

  /** Calls a method of the simulated subscriptions' inventory. */
  async inventory<Name extends Calls<Inventory>>(
    name: Name,
    ...args: Parameters<Inventory[Name]>
  ): Promise<ReturnType<Inventory[Name]>> {
    return JSON.parse(await this.#control(`inventory/${name}`, args));
  }

  /** What is to go wrong from here on. */
  async addFaults(...faults: readonly Fault[]): Promise<void> {
    await this.#control("faults", faults);
  }

  async unspentFaults(): Promise<readonly UnspentFault[]> {
    // Those that are left are the answer to any that are added.
    return JSON.parse(await this.#control("faults", []));
  }

  async createContainer(account: string, container: string): Promise<void> {
    await this.#control("containers", { account, container });
  }

  /** Moves its time, and with it the end of all that it lets in; resolves to it, in milliseconds since 1970. */
  async advanceClock(seconds: number): Promise<number> {
    const { now }: { now: number } = JSON.parse(
      await this.#control("clock", { advanceMilliseconds: seconds * 1000 }),
    );
    return now;
  }

  /** The account's blob endpoint as a location config names it. */
  blobEndpoint(account: string): string {
    return `${this.endpoints.blob}/${account}`;
  }

  /** The names of all blobs in a container, up to the 5,000 of one answer: more are an error. `sas` may list it. */
  async blobNames(account: string, container: string, sas: string): Promise<readonly string[]> {
    const path = `/${account}/${container}?restype=container&comp=list&${sas}`;
    const authority = readFileSync(this.authority);
    const server = { namespace: this.#namespace, port: portOf(this.endpoints.blob), authority };
    const answer = await requestInside(server, { method: "GET", path });
    if (answer.status !== 200 || !/<NextMarker ?\/>/.test(answer.body))
      throw refused(`list container "${container}"`, answer);
    return [...answer.body.matchAll(/<Name>([^<]*)<\/Name>/g)].map((match) => match[1] ?? "");
  }

  async #control(subject: string, sent: unknown): Promise<string> {
    const server = { namespace: this.#namespace, port: portOf(this.endpoints.control) };
    const answer = await requestInside(server, {
      method: "POST",
      path: `/_simulator/${subject}`,
      headers: { authorization: `Bearer ${this.controlToken}` },
      body: JSON.stringify(sent),
    });
    if (answer.status !== 200) throw refused(`call "${subject}"`, answer);
    return answer.body;
  }
}

function readTold(logFile: string): Told | Pending {
  const log = readFileSync(logFile, "utf8");
  const line = /^\{.*\}$/m.exec(log)?.[0];
  return line === undefined ? new Pending(log) : JSON.parse(line);
}

function portOf(origin: string): number {
  return Number(new URL(origin).port);
}

function refused(action: string, answer: InsideAnswer): Failure {
  return new Failure(
    "Unknown",
    `cannot ${action}: the local Azure answered ${answer.status}: ${answer.body}`,
  );
}
