import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { after, before, test } from "node:test";
import { type Azurite, startAzurite } from "../../../test/azurite.ts";
import { makeCertificates } from "../../../test/certificates.ts";
import type { StorageCredential } from "../../credentials/method.ts";
import { Failure } from "../../errors/error.ts";
import { silentLogger } from "../../log/logger.ts";
import { Secret } from "../../secret/secret.ts";
import { AccountKey, sharedKeyAuthorizer } from "../auth/shared-key.ts";
import type { BlobClient } from "./blob-client.ts";
import { NodeTransport } from "../http/node-transport.ts";
import { Pipeline } from "../http/pipeline.ts";
import { openBlobClient } from "../open.ts";
import { SERVICE_VERSION } from "./service-version.ts";

const { signal } = new AbortController();
const container = "backups";
let folder: string;
let caFile: string;
let caCert: string;
let azurite: Azurite;
let client: BlobClient;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "https-"));
  const certificates = await makeCertificates(folder);
  caFile = certificates.ca;
  caCert = await readFile(caFile, "utf8");
  azurite = await startAzurite({ tls: certificates });
  client = open(caCert);
  await createContainer();
});

after(async () => {
  client?.close();
  await azurite?.stop();
  await rm(folder, { recursive: true });
});

function accountKey(key: string): StorageCredential {
  return { kind: "account key", account: azurite.account, key: new Secret(key) };
}

function open(ca: string | undefined, environment: Record<string, string> = {}): BlobClient {
  return openBlobClient({
    account: azurite.account,
    storageAccountUri: azurite.url,
    credential: accountKey(azurite.key),
    caCert: ca,
    environment,
    userAgent: "velero-azure/test",
    logger: silentLogger,
  });
}

/** The SDK cannot be told of an authority, so the pipeline does it. */
async function createContainer(): Promise<void> {
  const { origin, pathname } = new URL(azurite.url);
  const key = new AccountKey(azurite.account, new Secret(azurite.key));
  const pipeline = new Pipeline({
    transport: new NodeTransport({ caCert, environment: {} }),
    authorizer: sharedKeyAuthorizer(key, origin, Date.now),
    logger: silentLogger,
    headers: { "x-ms-version": SERVICE_VERSION },
  });
  const query = "restype=container";
  const path = `${pathname}/${container}`;
  const { status } = await pipeline.send({ method: "PUT", origin, path, query, headers: {} }, signal);
  assert.equal(status, 201);
  pipeline.close();
}

for (const key of ["signed/plain.gz", "signed/a b%?#//ž/", "signed/a/../b"]) {
  test(`a signed URL lets a plain client read "${key}" and nothing else`, async () => {
    const body = randomBytes(50);
    await client.putBlob(container, key, body, { signal });
    await client.putBlob(container, "other", body, { signal });
    const url = await client.signedUrl(container, key, 600_000, { signal });
    const answer = await fetchPlainly(url, "GET");
    assert.deepEqual([answer.status, answer.body], [200, body]);
    assert.equal((await fetchPlainly(url.replace(/signed[^?]*\?/, "other?"), "GET")).status, 403);
    assert.equal((await fetchPlainly(url, "DELETE")).status, 403);
  });
}

async function fetchPlainly(url: string, method: string): Promise<{ status: number; body: Buffer }> {
  return new Promise((resolve, reject) => {
    const outgoing = request(new URL(url), { ca: caCert, method, agent: false }, (response) => {
      buffer(response).then((body) => resolve({ status: response.statusCode ?? 0, body }), reject);
    });
    outgoing.on("error", reject).end();
  });
}

test("a certificate that nobody vouches for is refused with the remedy", async () => {
  const distrustful = open(undefined);
  await assert.rejects(
    distrustful.headBlob(container, "x", { signal }),
    (error: unknown) =>
      error instanceof Failure && error.code === "FailedPrecondition" && /caCert/.test(error.hint ?? ""),
  );
  distrustful.close();
});

test("an authority of SSL_CERT_FILE is trusted, as by Go programs", async () => {
  const trusting = open(undefined, { SSL_CERT_FILE: caFile });
  await assert.rejects(trusting.headBlob(container, "absent", { signal }), { code: "NotFound" });
  trusting.close();
});
