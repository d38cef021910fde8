import { createHmac, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { Failure } from "../../src/errors/error.ts";
import { Pending, waitFor } from "./bounded-wait.ts";
import type { Certificates } from "../certificates.ts";
import { type InsideAnswer, type InsideServer, requestInside } from "./inside-request.ts";
import type { Namespace } from "./namespace.ts";
import type { Location } from "./velero.ts";

const port = 10000;
const serviceVersion = "2021-12-02";

export interface AzuriteLocation {
  readonly name: string;
  readonly account: string;
  readonly container: string;
  readonly prefix?: string;
  readonly key?: string;
}

/** Azurite's blob service over https in the namespace, with storage accounts whose keys were made for this run. */
export class Azurite {
  readonly #server: InsideServer;
  readonly #authority: string;
  readonly #keys: ReadonlyMap<string, string>;

  private constructor(server: InsideServer, authority: string, keys: ReadonlyMap<string, string>) {
    this.#server = server;
    this.#authority = authority;
    this.#keys = keys;
  }

  static async start(
    namespace: Namespace,
    certificates: Certificates,
    accounts: readonly string[],
  ): Promise<Azurite> {
    const keys = new Map(accounts.map((account) => [account, randomBytes(64).toString("base64")]));
    const server = { namespace, port, authority: readFileSync(certificates.ca) };
    const main = join(
      dirname(createRequire(import.meta.url).resolve("azurite/package.json")),
      "dist/src/blob/main.js",
    );
    const daemon = namespace.spawn(
      "azurite",
      [
        process.execPath,
        main,
        "--blobHost",
        "127.0.0.1",
        "--blobPort",
        String(port),
        // WHY https: Velero's CLI fetches logs and contents by signed URLs, and those are good for https only.
        "--cert",
        certificates.cert,
        "--key",
        certificates.key,
        // Its access log shows signed URLs, which are secrets.
        "--silent",
        "--inMemoryPersistence",
        "--disableTelemetry",
        // A plugin may speak a newer version of the service than Azurite has heard of.
        "--skipApiVersionCheck",
      ],
      { AZURITE_ACCOUNTS: [...keys].map(([account, key]) => `${account}:${key}`).join(";") },
    );
    const azurite = new Azurite(server, certificates.ca, keys);
    await waitFor("Azurite answering", () => azurite.#answering(), {
      logs: daemon.logFile,
      hopeless: daemon.hopeless,
    });
    return azurite;
  }

  /** The account's blob endpoint as a location config names it. */
  endpoint(account: string): string {
    return `https://127.0.0.1:${port}/${account}`;
  }

  /** The account's key in base64. */
  key(account: string): string {
    const key = this.#keys.get(account);
    if (key === undefined)
      throw new Failure("NotFound", `cannot find the account "${account}": Azurite was started without it`);
    return key;
  }

  /** A location in one of the accounts, signed in by an account key: the account's own unless another one is given. */
  location(place: AzuriteLocation): Location {
    const { name, account, container, prefix, key = this.key(account) } = place;
    return {
      name,
      bucket: container,
      ...(prefix === undefined ? {} : { prefix }),
      authority: this.#authority,
      config: {
        storageAccount: account,
        storageAccountURI: this.endpoint(account),
        storageAccountKeyEnvVar: "AZURE_STORAGE_ACCOUNT_ACCESS_KEY",
      },
      credentials: { AZURE_STORAGE_ACCOUNT_ACCESS_KEY: key },
    };
  }

  async createContainer(account: string, container: string): Promise<void> {
    const answer = await this.#request(account, "PUT", `/${container}`, { restype: "container" });
    if (answer.status !== 201) throw refused("create", container, answer);
  }

  /** The names of all blobs in a container, up to the 5,000 of one answer: more are an error here. */
  async blobNames(account: string, container: string): Promise<readonly string[]> {
    const answer = await this.#request(account, "GET", `/${container}`, {
      comp: "list",
      restype: "container",
    });
    if (answer.status !== 200 || !/<NextMarker ?\/>/.test(answer.body))
      throw refused("list", container, answer);
    return [...answer.body.matchAll(/<Name>([^<]*)<\/Name>/g)].map((match) => match[1] ?? "");
  }

  async #answering(): Promise<true | Pending> {
    const { status } = await requestInside(this.#server, { method: "GET", path: "/" });
    return status > 0 ? true : new Pending(`status ${status}`);
  }

  /** Signed by the rules of learn.microsoft.com/rest/api/storageservices/authorize-with-shared-key, path-style account. */
  async #request(
    account: string,
    method: string,
    path: string,
    query: Readonly<Record<string, string>>,
  ): Promise<InsideAnswer> {
    const date = new Date().toUTCString();
    const parameters = Object.entries(query).toSorted(([one], [other]) => (one < other ? -1 : 1));
    const resource = `/${account}/${account}${path}${parameters.map(([name, value]) => `\n${name}:${value}`).join("")}`;
    const canonical = `${method}${"\n".repeat(12)}x-ms-date:${date}\nx-ms-version:${serviceVersion}\n${resource}`;
    const signature = createHmac("sha256", Buffer.from(this.key(account), "base64"))
      .update(canonical)
      .digest("base64");
    return requestInside(this.#server, {
      method,
      path: `/${account}${path}?${new URLSearchParams(parameters).toString()}`,
      headers: {
        "x-ms-date": date,
        "x-ms-version": serviceVersion,
        authorization: `SharedKey ${account}:${signature}`,
      },
    });
  }
}

function refused(action: string, container: string, answer: InsideAnswer): Failure {
  return new Failure(
    "Unknown",
    `cannot ${action} container "${container}": Azurite answered ${answer.status}: ${answer.body}`,
  );
}
