import assert from "node:assert/strict";
import { test } from "node:test";
import { steerableClock } from "../core/clock.ts";
import { faultQueue } from "../core/fault-queue.ts";
import { signedAccessTokens } from "../core/signed-access-tokens.ts";
import type { SimulatedResponse } from "../http/message.ts";
import type { BlobAccount } from "../core/blob-account.ts";
import { accountsInMemory } from "./accounts.ts";
import { account, reader, VERSION } from "./gate.fixture.ts";
import { blobGate } from "./gate.ts";

export const HOUR = 3_600_000;
const NOW = Date.parse("2026-11-22T12:00:00Z");
/** So many hours from this world's now. */
export const at = (hours: number): Date => new Date(NOW + hours * HOUR);
export const clock = steerableClock(() => NOW);
export const tokens = await signedAccessTokens({ clock });

export interface Given {
  readonly method?: string;
  readonly origin?: string;
  readonly path?: string;
  readonly query?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly account?: Partial<BlobAccount>;
  readonly clientAddress?: string;
  readonly body?: string;
  readonly allowed?: boolean;
}

/** Nothing listens upstream: a request that should be refused and is not fails the test. */
export async function gate(given: Given): Promise<Refused> {
  const handler = blobGate({
    ...{ clock, faults: faultQueue(), accessTokens: tokens },
    accessControl: { isAllowed: () => given.allowed ?? false },
    accounts: accountsInMemory({ ...account, ...given.account }),
    upstream: { origin: "http://127.0.0.1:1", account: (name) => ({ name, key: "" }) },
    loginEndpoint: "https://login.test/",
    secret: Buffer.from("of this world"),
  });
  const response = await handler({
    method: given.method ?? "GET",
    origin: given.origin ?? "https://gateaccount.blob.core.windows.net",
    path: given.path ?? "/box/item",
    query: given.query ?? "",
    headers: { "x-ms-version": VERSION, ...given.headers },
    clientAddress: given.clientAddress,
    body: pieces(given.body ?? ""),
  });
  // The gate's own answers are texts, or nothing.
  return { ...response, body: typeof response.body === "string" ? response.body : undefined };
}

type Refused = Omit<SimulatedResponse, "body"> & { readonly body: string | undefined };

async function* pieces(text: string): AsyncIterable<Uint8Array> {
  yield Buffer.from(text);
}

/** What is asked, and how it is refused. */
export interface Row {
  readonly name: string;
  readonly given: () => Given | Promise<Given>;
  readonly status: number;
  readonly code: string;
  /** AuthenticationErrorDetail. */
  readonly detail?: RegExp;
}

/** A test for each row. */
export function table(rows: readonly Row[]): void {
  for (const { name, given, status, code, detail } of rows) {
    test(`${name}: ${status} ${code}`, async () => {
      const response = await gate(await given());
      assert.equal(response.headers["x-ms-error-code"], code, response.body);
      assert.equal(response.status, status);
      assert.match(response.headers["x-ms-request-id"] ?? "", /^[0-9a-f-]{30}000000$/);
      assert.equal(response.headers["x-ms-version"], VERSION);
      const text = response.body ?? "";
      assert.match(text, new RegExp(`^\uFEFF<\\?xml .*<Error><Code>${code}</Code><Message>[^]+\nRequestId:`));
      assert.match(text, detail ?? /<\/Message>/);
    });
  }
}

export const bearer = async (audience = "https://storage.azure.com", principal = reader): Promise<Given> => ({
  headers: { authorization: `Bearer ${(await tokens.issue(principal, audience)).token}` },
});

/** With a signature of the account, though a wrong one. */
export const signed = (date: Date, more: Partial<Given> = {}): Given => ({
  headers: { authorization: "SharedKey gateaccount:c2lnbmF0dXJl", "x-ms-date": date.toUTCString() },
  ...more,
});
