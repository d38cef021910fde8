import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, test } from "node:test";
import { SDKS, type Sdk, type SdkClient } from "./client.ts";
import type { SignIn } from "./order.ts";
import { ACCOUNT, ACCOUNT_ID, ENDPOINT, startWorld, type World } from "./world.ts";

const CONTRIBUTOR = "Storage Blob Data Contributor";
const HOUR = 3600;
let world: World;

before(async () => {
  world = await startWorld();
});
after(() => world[Symbol.asyncDispose]());

/** What a blob is reached with. */
interface Access {
  readonly signIn?: SignIn;
  readonly with: {
    readonly endpoint: string;
    readonly account?: string;
    readonly accountKey?: string;
    readonly sas?: string;
  };
}

/** The account's keys as they are now. */
function key(index: 0 | 1): string {
  return world.inventory.storageAccount(ACCOUNT)?.keys[index] ?? "";
}

function contributor(): SignIn {
  return world.application([[CONTRIBUTOR, ACCOUNT_ID]]).signIn;
}

const lifetime = (): { starts: number; expires: number } => ({
  starts: world.seconds(-HOUR),
  expires: world.seconds(HOUR),
});

/** How each SDK is let in; SAS tokens are those that it makes itself. */
const ways: Record<string, (client: SdkClient, endpoint: string, container: string) => Promise<Access>> = {
  "a token": async (_, endpoint) => ({ signIn: contributor(), with: { endpoint } }),
  "the first account key": async (_, endpoint) => ({
    with: { endpoint, account: ACCOUNT, accountKey: key(0) },
  }),
  "the second account key": async (_, endpoint) => ({
    with: { endpoint, account: ACCOUNT, accountKey: key(1) },
  }),
  "an account SAS": async (client, endpoint) => {
    const signer = { account: ACCOUNT, accountKey: key(0), permissions: "rwdlac" };
    const { sas } = await client.ask({ do: "sas.account", with: { ...signer, ...lifetime() } });
    return { with: { endpoint, sas } };
  },
  "a container's SAS": async (client, endpoint, container) => {
    const signer = { account: ACCOUNT, accountKey: key(1), permissions: "racwdl" };
    const { sas } = await client.ask({ do: "sas.service", with: { ...signer, ...lifetime(), container } });
    return { with: { endpoint, sas } };
  },
  "a container's user delegation SAS": async (client, endpoint, container) => {
    const { sas } = await client.ask({
      do: "sas.delegation",
      signIn: contributor(),
      with: { endpoint, account: ACCOUNT, permissions: "racwdl", ...lifetime(), container },
    });
    return { with: { endpoint, sas } };
  },
};

const addresses: readonly { name: string; endpoint: () => string; sdks: (way: string) => readonly Sdk[] }[] =
  [
    { name: "public Azure's address", endpoint: () => ENDPOINT, sdks: () => SDKS },
    {
      name: "an address with the account in its path",
      endpoint: () => `${world.endpoints.blob}/${ACCOUNT}`,
      // Go's SDK takes the first label of the host for the account that the SAS is for.
      sdks: (way) => (way.includes("delegation") ? ["Python"] : SDKS),
    },
  ];

/** All that Velero does with blobs, and that what is gone is told to be absent. */
async function exercise(client: SdkClient, access: Access, container: string): Promise<void> {
  const { signIn } = access;
  const base = { ...access.with, container };
  const identity = signIn === undefined ? {} : { signIn };
  const small = { ...base, name: "backups/one/a b+c%2F ü" };
  const large = { ...base, name: "backups/one/blocks" };
  await client.ask({ do: "blob.put", ...identity, with: { ...small, text: "hello" } });
  assert.equal((await client.ask({ do: "blob.get", ...identity, with: small })).text, "hello");
  await client.ask({ do: "blob.putBlocks", ...identity, with: { ...large, blocks: ["abc", "def"] } });
  assert.equal((await client.ask({ do: "blob.get", ...identity, with: large })).text, "abcdef");
  assert.equal((await client.ask({ do: "blob.properties", ...identity, with: large })).size, 6);
  const listed = await client.ask({
    do: "blob.list",
    ...identity,
    with: { ...base, prefix: "backups/one/" },
  });
  assert.deepEqual(listed.names, [small.name, large.name]);
  for (const blob of [small, large]) await client.ask({ do: "blob.delete", ...identity, with: blob });
  for (const operation of ["blob.get", "blob.delete"] as const) {
    const { kind, status, code } = await client.refused({ do: operation, ...identity, with: small });
    assert.deepEqual([kind, status, code], ["service", 404, "BlobNotFound"]);
  }
}

async function newContainer(): Promise<string> {
  const name = `velero-${randomUUID()}`;
  await world.containers.create(ACCOUNT, name);
  return name;
}

for (const sdk of SDKS) {
  for (const { name, endpoint, sdks } of addresses) {
    for (const [way, access] of Object.entries(ways).filter(([way]) => sdks(way).includes(sdk))) {
      test(`${sdk} stores, reads, lists and deletes blobs with ${way} at ${name}`, async () => {
        const client = await world.client(sdk);
        const container = await newContainer();
        await exercise(client, await access(client, endpoint(), container), container);
      });
    }
  }

  test(`${sdk} reads one blob with the SAS of that blob, and no other`, async () => {
    const client = await world.client(sdk);
    const container = await newContainer();
    const owner = { endpoint: ENDPOINT, account: ACCOUNT, accountKey: key(0), container };
    for (const name of ["mine", "other"]) {
      await client.ask({ do: "blob.put", with: { ...owner, name, text: name } });
    }
    const wanted = { account: ACCOUNT, permissions: "r", ...lifetime(), container, name: "mine" };
    const made = [
      await client.ask({ do: "sas.service", with: { ...wanted, accountKey: key(0) } }),
      await client.ask({
        do: "sas.delegation",
        signIn: contributor(),
        with: { ...wanted, endpoint: ENDPOINT },
      }),
    ];
    for (const { sas } of made) {
      const reader = { endpoint: ENDPOINT, sas, container };
      const { text } = await client.ask({ do: "blob.get", with: { ...reader, name: "mine" } });
      assert.equal(text, "mine");
      const refusal = await client.refused({ do: "blob.get", with: { ...reader, name: "other" } });
      assert.deepEqual([refusal.status, refusal.code], [403, "AuthenticationFailed"]);
    }
  });

  test(`${sdk} makes a container, and is told when it is there already`, async () => {
    const client = await world.client(sdk);
    const order = {
      do: "container.create",
      with: { endpoint: ENDPOINT, container: `new-${randomUUID()}` },
      signIn: contributor(),
    } as const;
    await client.ask(order);
    const { status, code } = await client.refused(order);
    assert.deepEqual([status, code], [409, "ContainerAlreadyExists"]);
  });

  for (const effect of [
    { kind: "throttle", retryAfterSeconds: 1 },
    { kind: "fail", status: 500, code: "InternalError" },
  ] as const) {
    test(`${sdk} tries again after a ${effect.kind} of the blob service`, async () => {
      const client = await world.client(sdk);
      const container = await newContainer();
      world.faults.add({ service: "blob", operation: "PutBlob", effect });
      world.log.clear();
      await client.ask({
        do: "blob.put",
        signIn: contributor(),
        with: { endpoint: ENDPOINT, container, name: "again", text: "hello" },
        retries: { max: 3, delaySeconds: 0 },
      });
      world.faults.assertSpent();
      const [first, second] = world.log.entries().filter(({ operation }) => operation === "PutBlob");
      assert.deepEqual([first?.status, second?.status], [effect.kind === "fail" ? 500 : 503, 201]);
      // Python's storage client does not heed Retry-After.
      if (sdk === "Go" && effect.kind === "throttle") {
        assert.ok((second?.time ?? 0) - (first?.time ?? 0) >= 1000);
      }
    });
  }

  test(`${sdk} reads on where the blob service broke off`, async () => {
    const client = await world.client(sdk);
    const blob = { endpoint: ENDPOINT, container: await newContainer(), name: "broken off" };
    const signIn = contributor();
    await client.ask({ do: "blob.put", signIn, with: { ...blob, text: "hello, world" } });
    world.faults.add({ service: "blob", operation: "GetBlob", effect: { kind: "cut", afterBytes: 5 } });
    assert.equal((await client.ask({ do: "blob.get", signIn, with: blob })).text, "hello, world");
    world.faults.assertSpent();
  });

  test(`${sdk} shows its token again after the blob service took it for expired`, async () => {
    const client = await world.client(sdk);
    const blob = { endpoint: ENDPOINT, container: await newContainer(), name: "again" };
    world.faults.add({ service: "blob", operation: "PutBlob", effect: { kind: "expire-token" } });
    await client.ask({ do: "blob.put", signIn: contributor(), with: { ...blob, text: "hello" } });
    world.faults.assertSpent();
  });
}
