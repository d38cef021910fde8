import assert from "node:assert/strict";
import { randomBytes, randomUUID } from "node:crypto";
import { after, afterEach, before, test } from "node:test";
import type { StorageAccountRecord } from "../../simulator/resource-manager/state.ts";
import { SDKS, type SdkClient } from "./client.ts";
import type { Failed, SignIn } from "./order.ts";
import {
  ACCOUNT,
  ACCOUNT_ID,
  ENDPOINT,
  GROUP,
  OTHER_TENANT,
  startWorld,
  SUBSCRIPTION,
  TENANT,
  type World,
} from "./world.ts";

const HOUR = 3600;
const DAY = 24 * HOUR;
const CONTAINER = "velero";
const BLOB = { endpoint: ENDPOINT, container: CONTAINER, name: "blob" };
let world: World;

before(async () => {
  world = await startWorld();
  await world.containers.create(ACCOUNT, CONTAINER);
});
afterEach(() => {
  world.faults.clear();
  configure({});
});
after(() => world[Symbol.asyncDispose]());

/** Sets the account up anew: what is not said is as Azure has it by default. The keys stay. */
function configure(settings: Partial<StorageAccountRecord>): void {
  const keys = Object.values(world.inventory.state.storageAccounts).find(
    ({ name }) => name === ACCOUNT,
  )?.keys;
  world.inventory.addStorageAccount({
    ...{ subscriptionId: SUBSCRIPTION, resourceGroup: GROUP, name: ACCOUNT },
    ...(keys === undefined ? {} : { keys }),
    ...settings,
  });
}

const closed: Partial<StorageAccountRecord> = {
  networkAcls: { bypass: "None", defaultAction: "Deny", ipRules: [], virtualNetworkRules: [] },
};

function key(): string {
  return world.inventory.storageAccount(ACCOUNT)?.keys[0] ?? "";
}

function withRole(role: string): SignIn {
  return world.application([[role, ACCOUNT_ID]]).signIn;
}

async function sasOf(
  client: SdkClient,
  { starts = -HOUR, expires = HOUR, permissions = "racwdl", container = CONTAINER } = {},
): Promise<string> {
  const signer = { account: ACCOUNT, accountKey: key(), permissions, container };
  const times = { starts: world.seconds(starts), expires: world.seconds(expires) };
  return (await client.ask({ do: "sas.service", with: { ...signer, ...times } })).sas;
}

type Try = (client: SdkClient) => Promise<Failed>;

const put =
  (
    access: (
      client: SdkClient,
    ) => Promise<{ signIn?: SignIn; with?: object }> | { signIn?: SignIn; with?: object },
  ): Try =>
  async (client) => {
    const { signIn, with: more } = await access(client);
    const identity = signIn === undefined ? {} : { signIn };
    return client.refused({ do: "blob.put", ...identity, with: { ...BLOB, text: "x", ...more } });
  };

const delegation =
  (signIn: () => SignIn, keyExpires: number): Try =>
  (client) =>
    client.refused({
      do: "sas.delegation",
      signIn: signIn(),
      with: {
        ...{ endpoint: ENDPOINT, account: ACCOUNT, container: CONTAINER, permissions: "r" },
        ...{ starts: world.seconds(), expires: world.seconds(HOUR), keyExpires: world.seconds(keyExpires) },
      },
    });

const refusals: readonly { name: string; attempt: Try; status: number; code: string }[] = [
  {
    name: "a wrong account key",
    attempt: put(() => ({ with: { account: ACCOUNT, accountKey: randomBytes(64).toString("base64") } })),
    ...{ status: 403, code: "AuthenticationFailed" },
  },
  {
    name: "an account key while the service's clock is off",
    attempt: put(() => {
      const effect = { kind: "skew-clock", milliseconds: 20 * 60 * 1000 } as const;
      world.faults.add({ service: "blob", operation: "PutBlob", effect });
      return { with: { account: ACCOUNT, accountKey: key() } };
    }),
    ...{ status: 403, code: "AuthenticationFailed" },
  },
  {
    name: "an expired SAS",
    attempt: put(async (client) => ({ with: { sas: await sasOf(client, { expires: -60 }) } })),
    ...{ status: 403, code: "AuthenticationFailed" },
  },
  {
    name: "a SAS that is not valid yet",
    attempt: put(async (client) => ({
      with: { sas: await sasOf(client, { starts: HOUR, expires: 2 * HOUR }) },
    })),
    ...{ status: 403, code: "AuthenticationFailed" },
  },
  {
    name: "a SAS that may only read",
    attempt: put(async (client) => ({ with: { sas: await sasOf(client, { permissions: "r" }) } })),
    ...{ status: 403, code: "AuthorizationPermissionMismatch" },
  },
  {
    name: "another container's SAS",
    attempt: put(async (client) => ({ with: { sas: await sasOf(client, { container: "other" }) } })),
    ...{ status: 403, code: "AuthenticationFailed" },
  },
  {
    name: "a SAS that somebody changed",
    attempt: put(async (client) => {
      const sas = await sasOf(client, { permissions: "r" });
      return { with: { sas: sas.replace(/sp=r\b/, "sp=rw") } };
    }),
    ...{ status: 403, code: "AuthenticationFailed" },
  },
  {
    name: "an account key where keys are disabled",
    attempt: put(() => {
      configure({ allowSharedKeyAccess: false });
      return { with: { account: ACCOUNT, accountKey: key() } };
    }),
    ...{ status: 403, code: "KeyBasedAuthenticationNotPermitted" },
  },
  {
    name: "a key's SAS where keys are disabled",
    attempt: put(async (client) => {
      configure({ allowSharedKeyAccess: false });
      return { with: { sas: await sasOf(client) } };
    }),
    ...{ status: 403, code: "KeyBasedAuthenticationNotPermitted" },
  },
  {
    name: "an account key from outside the firewall",
    attempt: put(() => {
      configure(closed);
      return { with: { account: ACCOUNT, accountKey: key() } };
    }),
    ...{ status: 403, code: "AuthorizationFailure" },
  },
  {
    name: "a token from outside the firewall",
    attempt: put(() => {
      configure(closed);
      return { signIn: withRole("Storage Blob Data Contributor") };
    }),
    ...{ status: 403, code: "AuthorizationFailure" },
  },
  {
    name: "a token without a role",
    attempt: put(() => ({ signIn: world.application().signIn })),
    ...{ status: 403, code: "AuthorizationPermissionMismatch" },
  },
  {
    name: "a token whose role is Resource Manager's",
    attempt: put(() => ({ signIn: withRole("Owner") })),
    ...{ status: 403, code: "AuthorizationPermissionMismatch" },
  },
  {
    name: "a token whose role may only read",
    attempt: put(() => ({ signIn: withRole("Storage Blob Data Reader") })),
    ...{ status: 403, code: "AuthorizationPermissionMismatch" },
  },
  {
    name: "a container that does not exist",
    attempt: put(() => ({
      signIn: withRole("Storage Blob Data Contributor"),
      with: { container: `none-${randomUUID()}` },
    })),
    ...{ status: 404, code: "ContainerNotFound" },
  },
  {
    name: "nothing to sign in with",
    attempt: put(() => ({})),
    ...{ status: 401, code: "NoAuthenticationInformation" },
  },
  {
    name: "a user delegation key for more than seven days",
    attempt: delegation(() => withRole("Storage Blob Data Contributor"), 8 * DAY),
    ...{ status: 400, code: "InvalidXmlNodeValue" },
  },
  {
    name: "a user delegation key without the role for it",
    attempt: delegation(() => world.application().signIn, HOUR),
    ...{ status: 403, code: "AuthorizationPermissionMismatch" },
  },
];

for (const sdk of SDKS) {
  for (const { name, attempt, status, code } of refusals) {
    test(`${sdk} is refused for ${name}`, async () => {
      const refusal = await attempt(await world.client(sdk));
      const { kind, message } = refusal;
      assert.deepEqual([kind, refusal.status, refusal.code], ["service", status, code], message);
    });
  }

  test(`${sdk} is let in by a user delegation SAS where keys are disabled`, async () => {
    const client = await world.client(sdk);
    configure({ allowSharedKeyAccess: false });
    const { sas } = await client.ask({
      do: "sas.delegation",
      signIn: withRole("Storage Blob Data Contributor"),
      with: {
        ...{ endpoint: ENDPOINT, account: ACCOUNT, container: CONTAINER, permissions: "racwdl" },
        ...{ starts: world.seconds(-HOUR), expires: world.seconds(HOUR) },
      },
    });
    await client.ask({ do: "blob.put", with: { ...BLOB, sas, text: "x" } });
  });

  test(`${sdk} is let in from an address that the firewall's rules name`, async () => {
    const client = await world.client(sdk);
    const rules = [{ value: "127.0.0.0/8", action: "Allow" }] as const;
    configure({
      networkAcls: { bypass: "None", defaultAction: "Deny", ipRules: rules, virtualNetworkRules: [] },
    });
    await client.ask({ do: "blob.put", with: { ...BLOB, account: ACCOUNT, accountKey: key(), text: "x" } });
  });

  test(`${sdk} is told to sign in to the account's tenant when its token is of another`, async () => {
    const client = await world.client(sdk);
    const application = world.directory.addApplication({ tenantId: OTHER_TENANT });
    const { value } = world.directory.addSecret(application);
    const { tenantId, clientId } = application;
    const signIn = { method: "client-secret", tenantId, clientId, clientSecret: value } as const;
    world.log.clear();
    const { status, message } = await client.refused({
      ...{ do: "blob.put", signIn, with: { ...BLOB, text: "x" }, retries: { max: 0 } },
    });
    // Python's tries to sign in there, which its credential does not allow; Go's passes the refusal on.
    if (sdk === "Go") assert.equal(status, 401);
    else assert.match(message, new RegExp(`for tenant ${TENANT}`));
    const answered = world.log.entries().filter(({ service }) => service === "blob");
    assert.deepEqual([...new Set(answered.map(({ status }) => status))], [401]);
  });
}
