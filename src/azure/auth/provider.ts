import { Failure } from "../../errors/error.ts";
import { transportFailure } from "../errors/errors.ts";
import { Pipeline } from "../http/pipeline.ts";
import type { RetryPolicy } from "../http/retry.ts";
import type { HttpRequest, HttpTransport } from "../http/transport.ts";
import { field } from "../resource-manager/json.ts";
import { readSome } from "../errors/service-error.ts";
import { Secret } from "../../secret/secret.ts";
import { anonymous } from "./anonymous.ts";
import type { Acquired, TokenSourceSettings } from "./sign-in.ts";

/** One question for a token, whoever it is put to. */
export interface ProviderRequest {
  /** `cannot sign in as …`, for messages. */
  readonly what: string;
  readonly request: HttpRequest;
  readonly transport: HttpTransport;
  readonly retry: Partial<RetryPolicy>;
}

export interface ProviderAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** What the body holds as JSON; undefined when it is none. */
  readonly document: unknown;
}

/** Sends it, repeatedly where that helps, and reads the answer, whatever its status. Rejects as a TokenSource does. */
export async function ask(
  { what, request, transport, retry }: ProviderRequest,
  settings: TokenSourceSettings,
  signal: AbortSignal,
): Promise<ProviderAnswer> {
  const pipeline = new Pipeline({
    transport,
    authorizer: anonymous,
    logger: settings.logger,
    headers: { accept: "application/json", "user-agent": settings.userAgent },
    retry: { ...retry, ...settings.retry },
    clock: settings.clock,
  });
  try {
    const { status, headers, content, body } = await pipeline.send(request, signal);
    const text = content === undefined ? await readSome(body) : content.toString("utf8");
    return { status, headers, document: parse(text) };
  } catch (error) {
    signal.throwIfAborted();
    throw transportFailure(what, new URL(request.origin).host, error);
  }
}

/** The token of a good answer. `now`: when it was asked for. Undefined when there is none in it. */
export function readToken(document: unknown, now: number): Acquired | undefined {
  const token = field(document, "access_token");
  const life = seconds(field(document, "expires_in"));
  const end = seconds(field(document, "expires_on"));
  if (typeof token !== "string" || token === "" || (life === undefined && end === undefined)) {
    return undefined;
  }
  const refreshIn = seconds(field(document, "refresh_in"));
  return {
    token: new Secret(token),
    expires: life === undefined ? (end ?? 0) * 1000 : now + life * 1000,
    refreshAt: refreshIn === undefined ? undefined : now + refreshIn * 1000,
  };
}

/** Whatever answers with a redirect is not who should get the secret; and where it points is nobody it was meant for. */
export function refuseRedirect(what: string, origin: string, { status, headers }: ProviderAnswer): void {
  if (status >= 300 && status < 400) {
    const target = URL.parse(headers["location"] ?? "", origin)?.host;
    throw new Failure(
      "FailedPrecondition",
      `${what}: "${origin}" redirects to ${target === undefined ? "another address" : `"${target}"`}, which is not followed`,
      { hint: "check the authority's address, and that no proxy or portal answers in its place" },
    );
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text.replace(/^\ufeff/, ""));
  } catch {
    return undefined;
  }
}

/** A number, or digits as text: providers differ. */
function seconds(value: unknown): number | undefined {
  const number = typeof value === "string" && /^\d+$/.test(value) ? Number(value) : value;
  return typeof number === "number" && Number.isFinite(number) && number >= 0 ? number : undefined;
}
