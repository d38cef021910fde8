import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FakeProvider } from "../../src/azure/auth/provider.fixture.ts";
import { readCloudFile } from "../../src/azure/cloud/cloud-document.ts";
import { askResourceManager } from "../../src/azure/cloud/cloud-metadata.ts";
import { parseEndpoint, refusePlainHttp } from "../../src/azure/account/endpoint.ts";
import { resourceFailure } from "../../src/azure/resource-manager/errors.ts";
import { requireAccountId } from "../../src/azure/resource-manager/storage-account-place.ts";
import { loadCredentials, parseCredentials } from "../../src/config/credentials-file.ts";
import { parseObjectStoreConfig } from "../../src/config/object-store-config.ts";
import { chooseCredential } from "../../src/credentials/choose.ts";
import { chooseCloud } from "../../src/credentials/cloud.ts";
import { silentLogger } from "../../src/log/logger.ts";
import { blobFailures } from "./produced-by-blobs.ts";
import { diskFailures } from "./produced-by-disks.ts";
import { identityFailures } from "./produced-by-identities.ts";

const NOW = Date.parse("2026-11-22T12:00:00Z");

/** What was thrown, of every kind that the pages quote, by the code that throws it. */
export async function produceFailures(): Promise<readonly unknown[]> {
  const folder = await mkdtemp(join(tmpdir(), "velero-azure-errors-"));
  try {
    return [
      ...(await thrown(configAttempts())),
      ...(await thrown(choiceAttempts())),
      ...(await thrown(await cloudAttempts(folder))),
      ...resourceFailures(),
      ...blobFailures(NOW),
      ...(await identityFailures(folder)),
      ...(await diskFailures()),
    ];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

type Attempt = () => unknown;

async function thrown(attempts: readonly Attempt[]): Promise<unknown[]> {
  const found: unknown[] = [];
  for (const attempt of attempts) {
    try {
      await attempt();
    } catch (error) {
      found.push(error);
      continue;
    }
    throw new Error(`this was no failure: ${attempt.toString()}`);
  }
  return found;
}

type Values = Readonly<Record<string, string>>;

function config(more: Values = {}): ReturnType<typeof parseObjectStoreConfig>["config"] {
  return parseObjectStoreConfig({ storageAccount: "contosobackups", bucket: "velero", ...more }).config;
}

function configAttempts(): Attempt[] {
  return [
    () => config({ useADD: "true" }),
    () => config({ storageAccountSASTokenEnvVar: "SAS", useAAD: "true" }),
    () => config({ storageAccountKeyEnvVar: `${"A".repeat(86)}==` }),
    () => loadCredentials({ credentialsFile: "/nowhere/cloud" }, {}),
    () => parseCredentials("/credentials/cloud", Buffer.from("what is this")),
    () => refusePlainHttp(parseEndpoint("storageAccountURI", "http://backups.example"), "a SAS token", false),
    () => requireAccountId("contosobackups", {}, true),
  ];
}

function choiceAttempts(): Attempt[] {
  const choose = (more: Values, values: Values | undefined, env: Values = {}): Attempt => {
    const lines = Object.entries(values ?? {}).map(([key, value]) => `${key}='${value}'`);
    const file =
      values === undefined
        ? loadCredentials({ credentialsFile: undefined }, {})
        : parseCredentials("/tmp/credentials/velero/contoso-cloud", Buffer.from(lines.join("\n")));
    return () => {
      const { credential } = chooseCredential({ config: config(more), values: file, env, now: NOW });
      if (credential.kind === "identity") credential.identity.proof();
    };
  };
  const sas = (token: string): Attempt => choose({ storageAccountSASTokenEnvVar: "SAS" }, { SAS: token });
  const key = { storageAccountKeyEnvVar: "KEY" };
  return [
    choose(key, { OTHER: "x" }),
    choose(key, undefined),
    choose(key, { KEY: "no key" }),
    sas("sv=2022-11-02&sr=c&sp=racwdl&se=2026-01-01&sig=a"),
    sas("no token"),
    sas("sv=2022-11-02&sr=b&sp=racwdl&se=2099-01-01&sig=a"),
    sas("sv=2022-11-02&ss=b&srt=s&sp=racwdl&se=2099-01-01&sig=a"),
    sas("sv=2022-11-02&sr=c&sp=racwd&se=2099-01-01&sig=a"),
    choose({}, { AZURE_TENANT_ID: "t", AZURE_CLIENT_SECRET: "s" }),
    choose({}, { AZURE_CLIENT_CERTIFICATE_PASSWORD: "p" }),
    choose({}, {}, { AZURE_FEDERATED_TOKEN_FILE: "/token" }),
  ];
}

async function cloudAttempts(folder: string): Promise<Attempt[]> {
  const choose = (values: Values): Attempt => {
    const lines = Object.entries(values).map(([name, value]) => `${name}=${value}`);
    const file = parseCredentials("/tmp/credentials/velero/contoso-cloud", Buffer.from(lines.join("\n")));
    return () => chooseCloud({ config: { activeDirectoryAuthorityURI: undefined }, values: file, env: {} });
  };
  const incomplete = join(folder, "cloud.json");
  await writeFile(incomplete, "{}");
  const transport = new FakeProvider({ status: 404, body: {} });
  const settings = { transport, logger: silentLogger, userAgent: "test" };
  return [
    choose({ AZURE_CLOUD_NAME: "AzureMoon" }),
    choose({ AZURE_CLOUD_NAME: "AzureStackCloud" }),
    choose({ AZURE_RESOURCE_MANAGER_ENDPOINT: "https://management.example" }),
    () => readCloudFile("/nowhere/cloud.json", undefined),
    () => readCloudFile(incomplete, undefined),
    () => askResourceManager("https://management.example", settings, new AbortController().signal),
  ];
}

/** Of the request for an account's keys. */
function resourceFailures(): unknown[] {
  const group = ["subscriptions", "33333333-3333-4333-8333-333333333333", "resourceGroups", "velero-backups"];
  const call = {
    method: "POST",
    what: 'list the keys of storage account "contosobackups"',
    resource: [...group, "providers", "Microsoft.Storage", "storageAccounts", "contosobackups"],
    apiVersion: "2023-01-01",
    permission: { action: "Microsoft.Storage/storageAccounts/listKeys/action", role: "a role" },
    absent: "FailedPrecondition",
  } as const;
  const client = "The client 'x' with object id '55555555-5555-4555-8555-555555555555' has no authorization";
  return (
    [
      [403, "AuthorizationFailed", client],
      [404, "SubscriptionNotFound", ""],
      [404, "ResourceGroupNotFound", ""],
      [429, "TooManyRequests", ""],
      [409, "ScopeLocked", "The scope is locked."],
      [400, "InvalidApiVersionParameter", "The api-version is invalid."],
    ] as const
  ).map(([status, code, message]) =>
    resourceFailure(call, { status, code, message, requestId: "1", retryAfter: 17_000 }),
  );
}
