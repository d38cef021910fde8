/**
 * The cases of the design "Support per-BSL Azure Workload Identity credentials", which Velero itself does not have yet:
 * each location's own client, tenant and token file, before those of the pod.
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { FakeProvider, jwt, never, tokenReply } from "../../src/azure/auth/provider.fixture.ts";
import { openTokenSource } from "../../src/azure/auth/open-token-source.ts";
import { openCloud } from "../../src/azure/cloud/clouds.ts";
import { type Environment, loadCredentials } from "../../src/config/credentials-file.ts";
import { parseObjectStoreConfig } from "../../src/config/object-store-config.ts";
import { chooseCredential } from "../../src/credentials/choose.ts";
import type { CredentialChoice } from "../../src/credentials/method.ts";
import { silentLogger } from "../../src/log/logger.ts";

const folder = mkdtempSync(join(tmpdir(), "velero-azure-test-"));
after(() => rmSync(folder, { recursive: true }));

function tokenFile(name: string): string {
  const path = join(folder, `${name}-token`);
  writeFileSync(path, jwt({ sub: name, exp: Math.floor(Date.now() / 1000) + 3600 }), { mode: 0o600 });
  return path;
}

/** The Secret of a location, as Velero puts it into a file. */
function secretFile(name: string, values: Readonly<Record<string, string>>): string {
  const path = join(folder, `${name}-cloud`);
  const lines = Object.entries(values).map(([key, value]) => `${key}=${value}`);
  writeFileSync(path, lines.join("\n"), { mode: 0o600 });
  return path;
}

const env: Environment = {
  AZURE_TENANT_ID: "env-tenant",
  AZURE_CLIENT_ID: "env-client",
  AZURE_FEDERATED_TOKEN_FILE: tokenFile("env"),
};

function choose(credentialsFile: string | undefined, given: Environment): CredentialChoice {
  const { config } = parseObjectStoreConfig({
    storageAccount: "mybackupsa",
    bucket: "tenant-a-backups",
    prefix: "velero",
    useAAD: "true",
    storageAccountKeyEnvVar: "",
    ...(credentialsFile === undefined ? {} : { credentialsFile }),
  });
  return chooseCredential({ config, values: loadCredentials(config, given), env: given, now: Date.now() });
}

/** What a location sends for its token: whose tenant is asked, for which client, with whose service account token. */
async function signedInAs(credentialsFile: string | undefined, given: Environment) {
  const provider = new FakeProvider((request) => tokenReply(request.path));
  const { credential, cloud } = choose(credentialsFile, given);
  assert.ok(credential.kind === "identity");
  const settings = { transport: provider, logger: silentLogger, userAgent: "test" };
  const source = openTokenSource(credential.identity, { ...settings, cloud: openCloud(cloud, settings) });
  const { token } = await source.token("https://storage.azure.com", never);
  const assertion = provider.form()["client_assertion"] ?? "";
  const { sub } = JSON.parse(Buffer.from(assertion.split(".")[1] ?? "", "base64url").toString());
  assert.equal(provider.requests.length, 1);
  return {
    tenant: provider.requests[0]?.path.split("/")[1],
    client: provider.form()["client_id"],
    token: sub,
    got: token.reveal(),
  };
}

const own = (name: string) => ({
  AZURE_TENANT_ID: `${name}-tenant`,
  AZURE_CLIENT_ID: `${name}-client`,
  AZURE_FEDERATED_TOKEN_FILE: tokenFile(name),
});

test("per-BSL workload identity credential (the location's file takes precedence over the environment)", async () => {
  const { tenant, client, token } = await signedInAs(secretFile("per-bsl", own("per-bsl")), env);
  assert.deepEqual([tenant, client, token], ["per-bsl-tenant", "per-bsl-client", "per-bsl"]);
});

test("the documented Secret works: client and tenant of its own, the pod's token file named in it", async () => {
  const file = secretFile("tenant-a", {
    AZURE_SUBSCRIPTION_ID: "s",
    AZURE_TENANT_ID: "tenant-a-tenant",
    AZURE_CLIENT_ID: "tenant-a-managed-identity",
    AZURE_CLOUD_NAME: "AzurePublicCloud",
    AZURE_FEDERATED_TOKEN_FILE: tokenFile("service-account"),
  });
  const { tenant, client, token } = await signedInAs(file, {});
  assert.deepEqual(
    [tenant, client, token],
    ["tenant-a-tenant", "tenant-a-managed-identity", "service-account"],
  );
});

test("backward compatibility: without a credentials file the environment's identity is used, as before", async () => {
  const { tenant, client, token } = await signedInAs(undefined, env);
  assert.deepEqual([tenant, client, token], ["env-tenant", "env-client", "env"]);
});

for (const missing of ["AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_FEDERATED_TOKEN_FILE"] as const) {
  test(`fallback: ${missing} that the location's file lacks, or has empty, is the environment's`, async () => {
    for (const left of [undefined, ""]) {
      const { [missing]: _missing, ...rest } = own("part");
      const values = left === undefined ? rest : { ...rest, [missing]: left };
      const found = await signedInAs(secretFile("part", values), env);
      assert.deepEqual(
        [found.tenant, found.client, found.token],
        [
          missing === "AZURE_TENANT_ID" ? "env-tenant" : "part-tenant",
          missing === "AZURE_CLIENT_ID" ? "env-client" : "part-client",
          missing === "AZURE_FEDERATED_TOKEN_FILE" ? "env" : "part",
        ],
      );
    }
  });
}

test("backward compatibility: a file without workload identity's keys, in a pod without them, means managed identity", () => {
  const { credential } = choose(secretFile("none", { AZURE_SUBSCRIPTION_ID: "s", AZURE_CLIENT_ID: "c" }), {});
  assert.ok(credential.kind === "identity");
  const proof = credential.identity.proof();
  assert.ok(proof.method === "managed identity");
  assert.equal(proof.client, "c");
});

test("backward compatibility: a service principal in the file goes before the pod's token file", () => {
  const file = secretFile("principal", {
    AZURE_TENANT_ID: "t",
    AZURE_CLIENT_ID: "c",
    AZURE_CLIENT_SECRET: "secret",
  });
  assert.equal(choose(file, env).explanation.method, "client secret");
});

test("two tenants at once in one process: each location signs in as itself, whatever the other does", async () => {
  const files = ["tenant-a", "tenant-b"].map((name) => secretFile(name, own(name)));
  const rounds = Array.from({ length: 10 }, () => [...files, undefined]).flat();
  const found = await Promise.all(rounds.map((file) => signedInAs(file, env)));
  for (const [index, { tenant, client, token, got }] of found.entries()) {
    const name = ["tenant-a", "tenant-b", "env"][index % 3];
    assert.deepEqual([tenant, client, token], [`${name}-tenant`, `${name}-client`, name]);
    assert.equal(got, `/${name}-tenant/oauth2/v2.0/token`);
  }
});

test("nothing is written to the environment, neither the process's nor the one that was given", async () => {
  const before = { ...process.env };
  const given = Object.freeze({ ...env });
  await signedInAs(secretFile("per-bsl", own("per-bsl")), given);
  await signedInAs(undefined, given);
  assert.deepEqual({ ...process.env }, before);
});

test("the choice says from where each value came, and shows no secret", () => {
  const file = secretFile("part", { AZURE_CLIENT_ID: "part-client" });
  const { explanation } = choose(file, env);
  assert.deepEqual(explanation.sources, [
    { value: "AZURE_TENANT_ID", from: "the environment" },
    { value: "AZURE_CLIENT_ID", from: `key "AZURE_CLIENT_ID" of credentials file ${JSON.stringify(file)}` },
    { value: "AZURE_FEDERATED_TOKEN_FILE", from: "the environment" },
  ]);
  assert.equal(explanation.authority?.value, "https://login.microsoftonline.com");
});
