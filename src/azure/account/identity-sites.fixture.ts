import type { IdentityProof } from "../../credentials/identity.ts";
import { silentLogger } from "../../log/logger.ts";
import { Secret } from "../../secret/secret.ts";
import type { BlobClient } from "../blob/blob-client.ts";
import { type Reply, type Route, RoutedTransport } from "../http/routed-transport.fixture.ts";
import { type BlobClientSettings, openBlobClient } from "../open.ts";

export const { signal } = new AbortController();
export const tenant = "11111111-1111-1111-1111-111111111111";
export const client = "22222222-2222-2222-2222-222222222222";
export const object = "33333333-3333-3333-3333-333333333333";
export const LOGIN = "POST login.microsoftonline.com/token";
export const LIST = "POST management.azure.com/listKeys?$expand=kerb";
export const BLOB = "DELETE acc.blob.core.windows.net/k";
/** Moves with every wait; a test that moves it puts it back. */
export const clock = { now: Date.UTC(2026, 10, 22, 12) };

function jwt(claims: object): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  return `${part({ alg: "none" })}.${part(claims)}.c2lnbmF0dXJl`;
}

export const login: Route = (_request, count) => ({
  status: 200,
  body: {
    token_type: "Bearer",
    expires_in: 3600,
    access_token: jwt({ tid: tenant, oid: object, appid: client, count }),
  },
});

export const deleted: Reply = { status: 202 };

export function keys(...values: string[]): Route {
  return (_request, count) => ({
    status: 200,
    body: { keys: [{ permissions: "Full", value: values[Math.min(count, values.length - 1)] }] },
  });
}

export function refusal(status: number, code: string, more: { detail?: string; skew?: number } = {}): Reply {
  const date = new Date(clock.now + (more.skew ?? 0)).toUTCString();
  const detail = `<AuthenticationErrorDetail>${more.detail ?? ""}</AuthenticationErrorDetail>`;
  return {
    status,
    headers: { "x-ms-error-code": code, date },
    body: `<Error><Code>${code}</Code><Message>No.</Message>${detail}</Error>`,
  };
}

const proof: IdentityProof = {
  method: "client secret",
  tenant,
  client,
  additionalTenants: [],
  secret: new Secret("s3cret-as-long-as-Entra-makes-them-of-40"),
};

interface Options extends Partial<BlobClientSettings> {
  readonly useAAD?: boolean;
  readonly routes?: Readonly<Record<string, Route>>;
  readonly proof?: IdentityProof;
}

export function setUp({ useAAD = false, routes = {}, proof: given = proof, ...settings }: Options) {
  const transport = new RoutedTransport({
    "login.microsoftonline.com": login,
    "management.azure.com": keys("a2V5"),
    "acc.blob.core.windows.net": () => deleted,
    ...routes,
  });
  const warnings: string[] = [];
  const logger = {
    ...silentLogger,
    log: (level: string, message: string) => {
      if (level === "warn") warnings.push(message);
    },
  };
  const sleep = async (milliseconds: number): Promise<void> => void (clock.now += milliseconds);
  const blobs = openBlobClient(
    {
      account: "acc",
      credential: {
        kind: "identity",
        identity: { method: given.method, proof: () => given },
        throughListKeys: !useAAD,
      },
      place: { subscriptionId: "s-1", resourceGroup: "g" },
      cacheAccountKey: false,
      environment: {},
      userAgent: "test",
      logger,
      ...settings,
    },
    { transport, clock: { now: () => clock.now, random: () => 0, sleep } },
  );
  return { transport, blobs, warnings };
}

export async function use(blobs: BlobClient): Promise<void> {
  await blobs.deleteBlob("c", "k", { signal });
}
