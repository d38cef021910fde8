import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  CLIENT,
  failureOf,
  jwt,
  never,
  NOW,
  type Reply,
  secretProof,
  setUp,
  STORAGE,
  TENANT,
} from "../../src/azure/auth/provider.fixture.ts";
import { readFederatedToken } from "../../src/azure/auth/federated-token.ts";
import { TransportError } from "../../src/azure/http/transport.ts";
import type { ClientCertificateProof, IdentityProof } from "../../src/credentials/identity.ts";
import type { Failure } from "../../src/errors/error.ts";
import { Secret } from "../../src/secret/secret.ts";

const OTHER_TENANT = "22222222-2222-4222-8222-222222222222";
const application = { tenant: TENANT, client: CLIENT, additionalTenants: [] };
const WHAT = `cannot sign in as application "${CLIENT}" of tenant "${TENANT}"`;

/** What is told when an identity's token cannot be had. */
export async function identityFailures(folder: string): Promise<unknown[]> {
  return [
    ...(await secretFailures()),
    ...(await certificateFailures(folder)),
    ...(await workloadFailures(folder)),
    ...(await machineFailures()),
  ];
}

function refusal(number: number): Reply {
  const description = `AADSTS${number}: Something is wrong. Trace ID: 1`;
  return { status: 401, body: { error: "invalid_client", error_description: description } };
}

async function token(proof: IdentityProof, reply: Reply, tenant?: string): Promise<Failure> {
  const { source, clock } = setUp(proof, reply);
  clock.time = Date.now();
  return failureOf(source.token(STORAGE, never, tenant));
}

async function secretFailures(): Promise<unknown[]> {
  const found: unknown[] = [];
  for (const number of [7000215, 7000222, 700016, 90002, 7000229, 53003, 900382]) {
    found.push(await token(secretProof, refusal(number)));
  }
  found.push(await token(secretProof, {}, OTHER_TENANT));
  found.push(
    await token(secretProof, { status: 302, headers: { location: "https://portal.example/" }, body: "" }),
  );
  return found;
}

async function certificateFailures(folder: string): Promise<unknown[]> {
  const openssl = (line: string): void => {
    execFileSync("openssl", line.split(" "), { cwd: folder, stdio: ["ignore", "ignore", "pipe"] });
  };
  const read = (...names: string[]): string =>
    names.map((name) => readFileSync(join(folder, name), "utf8")).join("");
  openssl("req -x509 -newkey rsa:2048 -nodes -keyout a.key -out a.crt -days 9 -subj /CN=a");
  openssl("req -x509 -newkey rsa:2048 -nodes -keyout b.key -out b.crt -days 9 -subj /CN=b");
  openssl(
    "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout e.key -out e.crt -days 9 -subj /CN=e",
  );
  openssl("pkcs8 -topk8 -in a.key -out locked.key -v2 aes-256-cbc -passout pass:hunter2");
  openssl("pkcs12 -export -inkey a.key -in a.crt -out a.pfx -passout pass:hunter2");
  const of = (certificate: ClientCertificateProof["certificate"], password?: string): IdentityProof => ({
    ...application,
    method: "client certificate",
    certificate,
    password: password === undefined ? undefined : new Secret(password),
    sendChain: false,
    key: "pem" in certificate ? "AZURE_CLIENT_CERTIFICATE" : "AZURE_CLIENT_CERTIFICATE_PATH",
  });
  const pem = (...names: string[]): IdentityProof => of({ pem: new Secret(read(...names)) });
  const expired = setUp(pem("a.crt", "a.key"));
  expired.clock.time = Date.now() + 99 * 24 * 3600_000;
  return [
    await token(pem("a.crt"), {}),
    await token(pem("b.crt", "a.key"), {}),
    await token(pem("a.crt", "locked.key"), {}),
    await token(pem("e.crt", "e.key"), {}),
    await token(of({ path: "/nowhere/velero.pfx" }), {}),
    await token(of({ path: join(folder, "a.pfx") }, "wrong"), {}),
    await failureOf(expired.source.token(STORAGE, never)),
    await token(pem("a.crt", "a.key"), refusal(700027)),
  ];
}

async function workloadFailures(folder: string): Promise<unknown[]> {
  const claims = {
    iss: "https://issuer.example/",
    sub: "system:serviceaccount:velero:velero",
    aud: "api://x",
  };
  const write = async (name: string, exp: number): Promise<string> => {
    await writeFile(join(folder, name), jwt({ ...claims, exp }));
    return join(folder, name);
  };
  const tokenFile = await write("token", Math.floor(Date.now() / 1000) + 3600);
  const of = (path: string): IdentityProof => ({
    ...application,
    method: "workload identity",
    tokenFile: path,
  });
  const found: unknown[] = [
    await token(of("/nowhere/token"), {}),
    await token(of(await write("old", Math.floor(NOW / 1000))), {}),
    await unreadable(folder),
  ];
  for (const number of [700211, 700213, 700212, 50013, 700016]) {
    found.push(await token(of(tokenFile), refusal(number)));
  }
  return found;
}

/** Root may read every file: for this one reading, the process is nobody. */
async function unreadable(folder: string): Promise<unknown> {
  const path = join(folder, "closed");
  await writeFile(path, "");
  await chmod(path, 0);
  const root = process.geteuid?.() === 0;
  if (root) process.seteuid?.(65_534);
  try {
    readFederatedToken(path, WHAT, NOW);
  } catch (error) {
    return error;
  } finally {
    if (root) process.seteuid?.(0);
  }
  throw new Error("a file that nobody may read was read");
}

async function machineFailures(): Promise<unknown[]> {
  const of = (client: string | undefined): IdentityProof => ({
    method: "managed identity",
    client,
    endpoint: { kind: "IMDS", origin: "http://169.254.169.254" },
  });
  const imds = (status: number, description: string): Reply => ({
    status,
    body: { error: "invalid_request", error_description: description },
  });
  const nobody = (): never => {
    throw new TransportError(
      "connect",
      "169.254.169.254",
      'no connection to "169.254.169.254" (EHOSTUNREACH)',
    );
  };
  return [
    await failureOf(setUp(of(CLIENT), nobody).source.token(STORAGE, never)),
    await token(of(CLIENT), imds(400, "Identity not found")),
    await token(of(undefined), imds(400, "Multiple user assigned identities exist")),
    await failureOf(setUp(of(CLIENT), imds(429, "Too many requests")).source.token(STORAGE, never)),
    await token(of(CLIENT), {}, OTHER_TENANT),
  ];
}
