import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import type { ErrorCode } from "../../src/errors/error.ts";
import { jsonAnswer } from "../../simulator/http/json-answer.ts";
import { listen } from "../../simulator/http/listener.ts";
import { ACCOUNT, startAzureWorld, type AzureWorld, type Part } from "./azure-world.ts";
import { initVolumes, put, refusedWith } from "./sign-in-calls.ts";
import { customByFile, publicCloud } from "./sign-in-clouds.ts";
import { accountMethods, application, clientSecret, containerSas, USE_AAD } from "./sign-in-methods.ts";

let world: AzureWorld;

before(async () => {
  world = await startAzureWorld();
});
beforeEach(() => world.forget());
after(() => world[Symbol.asyncDispose]());

const DAY = 24 * 3600_000;

function sas(wishes: Parameters<typeof containerSas>[1], config = {}): Part {
  return {
    values: { SAS: `?${containerSas(world, wishes)}` },
    config: { storageAccountSASTokenEnvVar: "SAS", ...config },
  };
}

/** What Init refuses, before anybody was asked. */
const atInit: readonly {
  readonly name: string;
  readonly part: () => Part | Promise<Part>;
  readonly code?: ErrorCode;
  readonly says: readonly (string | RegExp)[];
  /** What holds for blobs alone has no volume snapshot location. */
  readonly volumes?: true;
}[] = [
  {
    name: "a service principal without its tenant",
    part: () => ({ values: { AZURE_CLIENT_ID: "c", AZURE_CLIENT_SECRET: "s" } }),
    says: ["AZURE_TENANT_ID is missing", "AZURE_CLIENT_SECRET"],
    volumes: true,
  },
  {
    name: "a certificate without its client",
    part: () => ({ values: { AZURE_TENANT_ID: "t", AZURE_CLIENT_CERTIFICATE_PATH: "/nowhere" } }),
    says: ["AZURE_CLIENT_ID is missing", "AZURE_CLIENT_CERTIFICATE_PATH"],
    volumes: true,
  },
  {
    name: "a certificate's password without a certificate",
    part: () => ({ values: { ...application(world), AZURE_CLIENT_CERTIFICATE_PASSWORD: "p" } }),
    says: ["AZURE_CLIENT_CERTIFICATE_PASSWORD is in", "neither AZURE_CLIENT_SECRET nor a certificate"],
    volumes: true,
  },
  {
    name: "a workload identity without its tenant",
    part: () => ({ values: { AZURE_FEDERATED_TOKEN_FILE: "/token", AZURE_CLIENT_ID: "c" } }),
    says: ["AZURE_TENANT_ID is neither in", "azure.workload.identity/use"],
    volumes: true,
  },
  {
    name: "a cloud that nobody knows",
    part: () => ({ values: { AZURE_CLOUD_NAME: "AzureMoonCloud" } }),
    says: ['"AzureMoonCloud"', "unknown cloud", "AzureUSGovernmentCloud", "AzureStackCloud"],
    volumes: true,
  },
  {
    name: "a custom cloud that nothing describes",
    part: () => ({ values: { AZURE_CLOUD_NAME: "AzureStackCloud" } }),
    says: ["nothing says where that cloud is", "AZURE_ENVIRONMENT_FILEPATH"],
    volumes: true,
  },
  {
    name: "useAAD together with a SAS token",
    part: () => sas({}, { useAAD: "true" }),
    says: ["useAAD", "storageAccountSASTokenEnvVar"],
  },
  {
    name: "a SAS token that has expired",
    part: () => sas({ startsOn: new Date(Date.now() - 2 * DAY), expiresOn: new Date(Date.now() - DAY) }),
    code: "Unauthenticated",
    says: [/expired at 20\d\d-/, "make a new SAS token"],
  },
  {
    name: "a SAS token that cannot list",
    part: () => sas({ permissions: "rcw" }),
    code: "PermissionDenied",
    says: ["does not allow to list what is in the container (l)", "racwdl"],
  },
  {
    name: "a SAS token of one blob",
    part: () => sas({ blob: "one", permissions: "rcwd" }),
    code: "PermissionDenied",
    says: ["is not for a container (sr=b)", "SAS token for the container"],
  },
  {
    name: "an identity's token over plain http",
    part: async () => {
      const { values = {} } = await clientSecret.part(world);
      return { values, config: { useAAD: "true", storageAccountURI: "http://blobs.example" } };
    },
    says: ["plain http shows it to all", "allowInsecureEndpoint"],
  },
  {
    name: "a SAS token over plain http",
    part: () => sas({}, { storageAccountURI: "http://blobs.example" }),
    says: ["a SAS token", "plain http shows it to all", "allowInsecureEndpoint"],
  },
];

for (const { name, part, code = "InvalidArgument", says, volumes = false } of atInit) {
  test(`Init refuses ${name}`, async () => {
    const cloud = { env: { SSL_CERT_FILE: world.caFile } };
    const own = await part();
    const blobs = await world.location(cloud, own);
    await assert.rejects(blobs.plugin.init(blobs.config), refusedWith(code, ...says));
    if (volumes) {
      await assert.rejects(initVolumes(await world.volumes(cloud, own)), refusedWith(code, ...says));
    }
    assert.deepEqual(world.asked(), []);
  });
}

const cloudFiles: readonly {
  readonly name: string;
  readonly content: string | undefined;
  readonly code?: ErrorCode;
  readonly says: readonly string[];
}[] = [
  {
    name: "is not there",
    content: undefined,
    code: "NotFound",
    says: ["AZURE_ENVIRONMENT_FILEPATH", "mount the file"],
  },
  { name: "is not JSON", content: "{", says: ["AZURE_ENVIRONMENT_FILEPATH", "JSON"] },
  { name: "names no authority", content: "{}", says: ["activeDirectoryEndpoint"] },
];

for (const { name, content, code = "InvalidArgument", says } of cloudFiles) {
  test(`a custom cloud's file that ${name} is refused with its name`, async () => {
    const path = content === undefined ? "/nowhere/cloud.json" : await world.file("cloud.json", content);
    const { values = {} } = await clientSecret.part(world);
    const location = await world.location(await customByFile.part(world), USE_AAD, {
      values: { ...values, AZURE_ENVIRONMENT_FILEPATH: path },
    });
    const call = location.plugin.init(location.config).then(() => put(location, "refused"));
    await assert.rejects(call, refusedWith(code, path, ...says));
  });
}

test("a SAS token that ends within a week is warned about at each start", async () => {
  for (const _start of ["first", "second"]) {
    const location = await world.location(
      await publicCloud.part(world),
      sas({ expiresOn: new Date(Date.now() + 3 * DAY) }),
    );
    await location.plugin.init(location.config);
    await put(location, "warned");
    assert.match(await location.plugin.stderr(), /"@level":"warn"[^\n]*expires in [23] days/);
  }
});

test("a private endpoint's name without an address says so, and what to look at", async () => {
  const { values = {} } = await clientSecret.part(world);
  const name = `${ACCOUNT}.privatelink.blob.invalid`;
  const { certificate } = world.azure.authority;
  const location = await world.location(await customByFile.part(world), {
    values,
    config: { useAAD: "true", caCert: certificate, storageAccountURI: `https://${name}` },
  });
  await location.plugin.init(location.config);
  await assert.rejects(
    put(location, "refused"),
    refusedWith("Unavailable", `the host name "${name}" has no address`, /private/),
  );
});

test("an answer that sends elsewhere is refused, and no secret goes there", async () => {
  const seen: string[] = [];
  const { authority } = world.azure;
  const tls = await authority.server(["127.0.0.1"]);
  await using stack = new AsyncDisposableStack();
  const thief = await listen(async ({ path }) => (seen.push(path), jsonAnswer(200, {})), { tls });
  stack.defer(() => thief.close());
  const answer = { status: 307, headers: { location: `${thief.origin}/stolen` } };
  const redirector = await listen(async () => answer, { tls });
  stack.defer(() => redirector.close());
  const uri = { storageAccountURI: `${redirector.origin}/${ACCOUNT}`, caCert: authority.certificate };
  const key = accountMethods[0];
  assert.ok(key !== undefined);
  for (const [method, more] of [
    [key, {}],
    [clientSecret, { useAAD: "true" }],
  ] as const) {
    const location = await world.location(await customByFile.part(world), await method.part(world), {
      config: { ...uri, ...more },
    });
    await location.plugin.init(location.config);
    await assert.rejects(
      put(location, "refused"),
      refusedWith("FailedPrecondition", `sends elsewhere ("${thief.origin}")`, "never followed"),
    );
  }
  const signIn = await world.location(
    await customByFile.part(world),
    await clientSecret.part(world),
    USE_AAD,
    {
      config: { activeDirectoryAuthorityURI: redirector.origin },
    },
  );
  await signIn.plugin.init(signIn.config);
  await assert.rejects(
    put(signIn, "refused"),
    refusedWith("FailedPrecondition", "redirects to", "not followed"),
  );
  assert.deepEqual(seen, []);
});
