/** Every method against the simulated Entra and metadata service, which check what the real ones check. */
import assert from "node:assert/strict";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { entra } from "../../simulator/entra/entra.ts";
import { entraWorld } from "../../simulator/entra/entra.fixture.ts";
import { localIssuer } from "../../simulator/entra/local-issuer.ts";
import { certificateAuthority } from "../../simulator/http/certificates.ts";
import { appService } from "../../simulator/imds/app-service.ts";
import { imds } from "../../simulator/imds/imds.ts";
import { failureCode } from "../../src/errors/error.ts";
import { locate, temporaryFolder } from "./simulated.ts";

const STORAGE = "https://storage.azure.com";
const folder = temporaryFolder();
after(() => rmSync(folder, { recursive: true }));
const never = new AbortController().signal;

async function world() {
  const issuer = "https://issuer.example/cluster";
  const simulated = await entraWorld();
  const { clock, faults, tokens, directory, tenant, application } = simulated;
  const cluster = await localIssuer({ issuer, clock });
  directory.trustIssuer({ issuer, jwks: cluster.jwks });
  const handler = entra({ clock, faults, tokens, directory });
  const principal = { AZURE_TENANT_ID: tenant.tenantId, AZURE_CLIENT_ID: application.clientId };
  const at = (values: Readonly<Record<string, string>>, config: Readonly<Record<string, string>> = {}) =>
    locate({ folder, handler, now: () => clock.now(), values: { ...principal, ...values }, config });
  const claims = async (location: ReturnType<typeof at>, audience = STORAGE) => {
    const { token } = await location.source.token(audience, never);
    const checked = await tokens.verify(`Bearer ${token.reveal()}`, [audience]);
    assert.ok("claims" in checked, JSON.stringify(checked));
    return checked.claims;
  };
  return { ...simulated, cluster, handler, at, claims };
}

/** Refused with this number, and the Failure's code. */
function refusedWith(number: number, code = "Unauthenticated") {
  return (error: unknown): boolean => {
    assert.equal(failureCode(error), code, String(error));
    assert.match(String(error), new RegExp(`AADSTS${number}\\b`));
    return true;
  };
}

test("a client secret signs in with one request, and a rotated one goes on without a restart", async () => {
  const { at, claims, directory, application, clock, tenant } = await world();
  const first = directory.addSecret(application);
  const location = at({ AZURE_CLIENT_SECRET: first.value });
  const { tid, appid } = await claims(location);
  assert.deepEqual([tid, appid], [tenant.tenantId, application.clientId]);
  assert.equal(location.addresses.length, 1);
  directory.removeSecret(application, first.keyId);
  clock.advance(3600_000);
  await assert.rejects(location.source.token(STORAGE, never), refusedWith(7000215));
  location.rewrite({
    AZURE_TENANT_ID: tenant.tenantId,
    AZURE_CLIENT_ID: application.clientId,
    AZURE_CLIENT_SECRET: directory.addSecret(application).value,
  });
  await claims(location);
});

test("what is wrong with a service principal is told by Entra's own number", async () => {
  const { at, directory, application, clock } = await world();
  const { value } = directory.addSecret(application, { expires: clock.now() + 1000 });
  const ask = (values: Readonly<Record<string, string>>) => at(values).source.token(STORAGE, never);
  const other = "99999999-2222-4333-8444-555555555555";
  await assert.rejects(ask({ AZURE_CLIENT_SECRET: "wrong" }), refusedWith(7000215));
  await assert.rejects(ask({ AZURE_CLIENT_SECRET: value, AZURE_CLIENT_ID: other }), refusedWith(700016));
  await assert.rejects(ask({ AZURE_CLIENT_SECRET: value, AZURE_TENANT_ID: other }), refusedWith(90002));
  await assert.rejects(
    at({ AZURE_CLIENT_SECRET: value }).source.token("https://nothing.example", never),
    refusedWith(500011, "FailedPrecondition"),
  );
  clock.advance(2000);
  await assert.rejects(ask({ AZURE_CLIENT_SECRET: value }), refusedWith(7000222));
});

test("a certificate signs in, from the credentials file and from a file, and with AD FS", async () => {
  const { at, claims, directory, application } = await world();
  const authority = await certificateAuthority("authority");
  const { certificate, key } = await authority.client("velero");
  directory.addCertificate(application, certificate);
  const path = join(folder, "certificate.pem");
  writeFileSync(path, certificate + key, { mode: 0o600 });
  const oneLine = (certificate + key).replaceAll("\r", "").replaceAll("\n", "\\n");
  await claims(at({ AZURE_CLIENT_CERTIFICATE: oneLine }));
  await claims(at({ AZURE_CLIENT_CERTIFICATE_PATH: path }));
  const adfs = at(
    { AZURE_CLIENT_CERTIFICATE_PATH: path, AZURE_TENANT_ID: "adfs" },
    { activeDirectoryAuthorityURI: "https://login.localhost:1/adfs" },
  );
  await claims(adfs);
  assert.deepEqual(adfs.addresses, ["POST /adfs/oauth2/token"]);
});

test("a certificate that the application does not have is refused, unless its chain and name are trusted", async () => {
  const { at, claims, directory, application } = await world();
  const authority = await certificateAuthority("authority");
  const { certificate, key } = await authority.client("velero.example");
  const path = join(folder, "trusted-by-name.pem");
  writeFileSync(path, certificate + authority.certificate + key, { mode: 0o600 });
  const values = { AZURE_CLIENT_CERTIFICATE_PATH: path };
  await assert.rejects(at(values).source.token(STORAGE, never), refusedWith(700027));
  directory.trustSubject(application, { subject: "velero.example", authority: authority.certificate });
  await claims(at({ ...values, AZURE_CLIENT_SEND_CERTIFICATE_CHAIN: "true" }));
});

test("a cluster's service account signs in by federation, until the federation is taken away", async () => {
  const { at, claims, cluster, directory, application, clock } = await world();
  const subject = "system:serviceaccount:velero:velero";
  const path = join(folder, "service-account-token");
  const write = async (wishes: { subject: string; audience?: string }): Promise<void> =>
    writeFileSync(path, await cluster.token(wishes), { mode: 0o600 });
  await write({ subject });
  const location = at({ AZURE_FEDERATED_TOKEN_FILE: path });
  const trust = {
    name: "velero",
    issuer: cluster.issuer,
    subject,
    audiences: ["api://AzureADTokenExchange"],
  };
  await assert.rejects(location.source.token(STORAGE, never), refusedWith(70025));
  directory.addFederatedCredential(application, trust);
  const { appid } = await claims(location);
  assert.equal(appid, application.clientId);
  clock.advance(3600_000);
  await assert.rejects(location.source.token(STORAGE, never), /expired at/);
  await write({ subject: "system:serviceaccount:other:velero" });
  await assert.rejects(location.source.token(STORAGE, never), refusedWith(700213));
  await write({ subject, audience: "https://kubernetes.default.svc" });
  await assert.rejects(location.source.token(STORAGE, never), refusedWith(700212));
  await write({ subject });
  await claims(location);
});

test("a managed identity signs in, the machine's own or one of several, on a machine and in App Service", async () => {
  const { clock, faults, tokens } = await world();
  const identity = (digit: string, kind: "system-assigned identity" | "user-assigned identity") => ({
    tenantId: "00000000-0000-4000-8000-000000000000",
    clientId: `c0000000-0000-4000-8000-00000000000${digit}`,
    objectId: `0b000000-0000-4000-8000-00000000000${digit}`,
    displayName: digit,
    kind,
  });
  const own = identity("1", "system-assigned identity");
  const assigned = identity("2", "user-assigned identity");
  const machine = () => ({ systemAssigned: own, userAssigned: [assigned] });
  const options = { clock, faults, tokens, machine };
  const header = "knows me";
  const hosts = [
    { handler: imds(options), env: {} },
    {
      handler: appService({ ...options, identityHeader: header }),
      env: { IDENTITY_ENDPOINT: "http://localhost:1/msi/token", IDENTITY_HEADER: header },
    },
  ];
  for (const host of hosts) {
    for (const [values, expected] of [
      [{}, own],
      [{ AZURE_CLIENT_ID: assigned.clientId }, assigned],
    ] as const) {
      const { source } = locate({ folder, values, now: () => clock.now(), ...host });
      const { token } = await source.token(STORAGE, never);
      const checked = await tokens.verify(`Bearer ${token.reveal()}`, [STORAGE]);
      assert.ok("claims" in checked && checked.claims.oid === expected.objectId);
    }
    const { source } = locate({
      folder,
      values: { AZURE_CLIENT_ID: "c0000000-0000-4000-8000-000000000009" },
      now: () => clock.now(),
      ...host,
    });
    await assert.rejects(source.token(STORAGE, never), (error) => failureCode(error) === "Unauthenticated");
  }
});

test("the metadata service is waited for while it starts", async () => {
  const { clock, faults, tokens } = await world();
  const own = {
    tenantId: "00000000-0000-4000-8000-000000000000",
    clientId: "c0000000-0000-4000-8000-000000000001",
    objectId: "0b000000-0000-4000-8000-000000000001",
    displayName: "own",
    kind: "system-assigned identity",
  } as const;
  const handler = imds({ clock, faults, tokens, machine: () => ({ systemAssigned: own, userAssigned: [] }) });
  let early = 3;
  const { source, addresses } = locate({
    folder,
    values: {},
    now: () => clock.now(),
    handler: async (request) => (early-- > 0 ? { status: 404, headers: {} } : handler(request)),
  });
  await source.token(STORAGE, never);
  assert.equal(addresses.length, 4);
});
