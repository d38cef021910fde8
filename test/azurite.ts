import { spawn, type ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { BlobServiceClient, StorageSharedKeyCredential } from "@azure/storage-blob";

export interface AzuriteOptions {
  /** Serve https with this certificate and key (paths of PEM files); plain http without. */
  readonly tls?: { readonly cert: string; readonly key: string };
  /** The accounts to serve, the first of which is `account`. Default: one, `testaccount`. Keys are drawn anew. */
  readonly accounts?: readonly string[];
  /** Where its data folder is made. Default: the system's folder for temporary files. */
  readonly parent?: string;
}

export interface AzuriteAccount {
  readonly account: string;
  /** Base64, as Azure hands it out. */
  readonly key: string;
  /** What a location's `storageAccountURI` takes: `http(s)://127.0.0.1:PORT/ACCOUNT`. */
  readonly url: string;
}

export interface Azurite extends AzuriteAccount {
  readonly port: number;
  readonly accounts: readonly AzuriteAccount[];
  /** What Azure's SDK finds under the prefix (of the first account, unless told), if committed. */
  blobs(container: string, prefix: string, account?: AzuriteAccount): Promise<readonly StoredBlob[]>;
  stop(): Promise<void>;
}

export interface StoredBlob {
  readonly key: string;
  /** In bytes. */
  readonly size: number;
}

const root = fileURLToPath(new URL("..", import.meta.url));

/**
 * Starts Azurite's blob service on a free loopback port, with its data in a temporary folder, and resolves once it
 * listens. Every start draws its own account keys, so that a search for a secret finds only this run's.
 */
export async function startAzurite(options: AzuriteOptions = {}): Promise<Azurite> {
  const folder = await mkdtemp(join(options.parent ?? tmpdir(), "azurite-"));
  const names = options.accounts ?? ["testaccount"];
  const keys = names.map((account) => ({ account, key: randomBytes(64).toString("base64") }));
  const tls = options.tls === undefined ? [] : ["--cert", options.tls.cert, "--key", options.tls.key];
  const azurite = spawn(
    process.execPath,
    [
      join(root, "node_modules/azurite/dist/src/blob/main.js"),
      ...["--blobHost", "127.0.0.1", "--blobPort", "0", "--location", folder],
      ...["--silent", "--disableTelemetry", "--skipApiVersionCheck"],
      ...tls,
    ],
    {
      cwd: folder,
      env: {
        ...process.env,
        AZURITE_ACCOUNTS: keys.map(({ account, key }) => `${account}:${key}`).join(";"),
      },
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  // A test file that throws at its top level leaves no server behind.
  const abandon = (): boolean => azurite.kill("SIGKILL");
  process.once("exit", abandon);
  const exited = new Promise<void>((resolve) => azurite.once("exit", () => resolve()));
  const origin = await listeningAt(azurite);
  const accounts = keys.map(({ account, key }) => ({ account, key, url: `${origin}/${account}` }));
  const [first] = accounts;
  if (first === undefined) {
    throw new Error("cannot start Azurite without an account");
  }
  return {
    ...first,
    port: Number(new URL(origin).port),
    accounts,
    blobs: (container, prefix, account = first) => listBlobs(account, container, prefix),
    stop: async () => {
      process.off("exit", abandon);
      abandon();
      await exited;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function listeningAt(azurite: ChildProcess): Promise<string> {
  const said: string[] = [];
  return new Promise((resolve, reject) => {
    for (const stream of [azurite.stdout, azurite.stderr]) {
      if (stream === null) {
        continue;
      }
      createInterface({ input: stream }).on("line", (line) => {
        said.push(line);
        const origin = /listens on (https?:\/\/\S+:\d+)/.exec(line)?.[1];
        if (origin !== undefined) {
          resolve(origin);
        }
      });
    }
    azurite.once("exit", (code) => reject(new Error(`Azurite ended with ${code}: ${said.join("\n")}`)));
    azurite.once("error", reject);
  });
}

/**
 * Azure's own SDK as a client of the account: the independent eye of the tests. Over https the process must have
 * been told to trust the authority (`trustAuthority` of certificates.ts).
 */
export function serviceClient({ account, key, url }: AzuriteAccount): BlobServiceClient {
  return new BlobServiceClient(url, new StorageSharedKeyCredential(account, key));
}

async function listBlobs(account: AzuriteAccount, container: string, prefix: string): Promise<StoredBlob[]> {
  const found: StoredBlob[] = [];
  const client = serviceClient(account).getContainerClient(container);
  for await (const { name, properties } of client.listBlobsFlat({ prefix })) {
    found.push({ key: name, size: properties.contentLength ?? 0 });
  }
  return found;
}

export async function createContainer(account: AzuriteAccount, container: string): Promise<void> {
  await serviceClient(account).getContainerClient(container).create();
}
