import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { inspect } from "node:util";
import type { Cloud } from "../../credentials/cloud.ts";
import { findCloud } from "../../credentials/cloud.ts";
import type { Identity, IdentityProof } from "../../credentials/identity.ts";
import { describeFailure, Failure } from "../../errors/error.ts";
import type { LogFields, Logger } from "../../log/logger.ts";
import { Secret } from "../../secret/secret.ts";
import type { CloudSource } from "../cloud/clouds.ts";
import type { Clock } from "../http/pipeline.ts";
import type { HttpRequest, HttpResponse, HttpTransport } from "../http/transport.ts";
import { openTokenSource } from "./open-token-source.ts";
import type { TokenSourceSettings } from "./sign-in.ts";
import type { TokenSource } from "./token-source.ts";

export const NOW = Date.UTC(2026, 5, 1, 12);
export const TENANT = "11111111-2222-3333-4444-555555555555";
export const CLIENT = "aaaaaaaa-2222-3333-4444-555555555555";
export const STORAGE = "https://storage.azure.com";
export const never = new AbortController().signal;

export interface Reply {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

/** A good answer, as Entra gives it. */
export function tokenReply(token = "access", life = 3600): Reply {
  return { body: { token_type: "Bearer", expires_in: life, access_token: token } };
}

/** Answers by a function of the request; what it throws is what the network did. */
export class FakeProvider implements HttpTransport {
  readonly requests: HttpRequest[] = [];
  reply: (request: HttpRequest, index: number) => Reply | Promise<Reply>;

  constructor(reply: Reply | FakeProvider["reply"] = tokenReply()) {
    this.reply = typeof reply === "function" ? reply : () => reply;
  }

  async send(request: HttpRequest, signal: AbortSignal): Promise<HttpResponse> {
    signal.throwIfAborted();
    this.requests.push(request);
    const { status = 200, headers = {}, body } = await this.reply(request, this.requests.length - 1);
    const text = typeof body === "string" ? body : JSON.stringify(body ?? {});
    return { status, headers, body: Readable.from([Buffer.from(text)]) };
  }

  close(): void {}

  get addresses(): string[] {
    return this.requests.map(({ method, origin, path, query }) =>
      query === "" ? `${method} ${origin}${path}` : `${method} ${origin}${path}?${query}`,
    );
  }

  /** The fields of a request's form. */
  form(index = 0): Readonly<Record<string, string>> {
    const body = this.requests[index]?.body;
    assert.ok(body, `request ${index} has no body`);
    return Object.fromEntries(new URLSearchParams(Buffer.from(body).toString()));
  }
}

export class TestClock implements Clock {
  time = NOW;
  readonly sleeps: number[] = [];
  readonly now = (): number => this.time;
  readonly random = (): number => 0.4;
  readonly sleep = async (milliseconds: number): Promise<void> => {
    this.sleeps.push(milliseconds);
    this.time += milliseconds;
  };
}

/** Keeps what was logged. */
export class LogKeeper implements Logger {
  readonly lines: {
    readonly level: string;
    readonly message: string;
    readonly fields?: LogFields | undefined;
  }[] = [];
  enabled(): boolean {
    return true;
  }
  log(level: string, message: string, fields?: LogFields): void {
    this.lines.push({ level, message, fields });
  }
  with(): Logger {
    return this;
  }
}

export function cloudSource(cloud: Partial<Cloud> = {}): CloudSource {
  const whole = { ...findCloud(undefined), ...cloud };
  return { name: whole.name, known: whole, find: async () => whole };
}

export const secretProof: IdentityProof = {
  method: "client secret",
  tenant: TENANT,
  client: CLIENT,
  additionalTenants: [],
  secret: new Secret("hunter2"),
};

export function identity(proof: IdentityProof | (() => IdentityProof)): Identity {
  const read = typeof proof === "function" ? proof : () => proof;
  return { method: read().method, proof: read };
}

export function setUp(
  proof: IdentityProof | (() => IdentityProof) = secretProof,
  reply?: Reply | FakeProvider["reply"],
  settings: Partial<TokenSourceSettings> = {},
) {
  const provider = new FakeProvider(reply);
  const clock = new TestClock();
  const log = new LogKeeper();
  const source: TokenSource = openTokenSource(identity(proof), {
    cloud: cloudSource(),
    transport: provider,
    machineTransport: provider,
    logger: log,
    userAgent: "test",
    clock,
    ...settings,
  });
  return { provider, clock, log, source };
}

/** The failure, which must hold no secret. */
export async function failureOf(promise: Promise<unknown>): Promise<Failure> {
  try {
    await promise;
  } catch (error) {
    assert.ok(error instanceof Failure, String(error));
    assert.doesNotMatch(describeFailure(error) + inspect(error, { depth: 3 }), /hunter2/);
    assert.doesNotMatch(describeFailure(error), /\n/);
    return error;
  }
  throw new assert.AssertionError({ message: "no failure" });
}

/** A JWT that nobody signed. */
export function jwt(claims: Readonly<Record<string, unknown>>): string {
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  return `${part({ alg: "RS256" })}.${part(claims)}.c2lnbmF0dXJl`;
}
