import { pause } from "../http/deadline.ts";
import type { Answer, Clock } from "../http/pipeline.ts";
import { requestedDelay } from "../http/retry.ts";
import type { HttpRequest } from "../http/transport.ts";
import type { ResourceCall } from "./call.ts";
import { isAbsent, readResourceError, type ResourceError, resourceFailure } from "./errors.ts";
import { field, incomplete, readJson, textField } from "./json.ts";

/** Between two looks where Azure does not tell: most snapshots are done at once, the others may take a while. */
const FIRST_WAIT = 250;
const LONGEST_WAIT = 5_000;

/** What a poller needs of the client that began the operation. */
export interface OperationSite {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Rejects with `Failure`. */
  send(request: HttpRequest): Promise<Answer>;
  /** Undefined for an address that is not Resource Manager's own. */
  requestTo(address: string): HttpRequest | undefined;
  requestFor(call: ResourceCall): HttpRequest;
}

/** Waits that grow, unless they are told. */
export class Waits {
  readonly #site: Pick<OperationSite, "clock" | "signal">;
  #next = FIRST_WAIT;

  constructor(site: Pick<OperationSite, "clock" | "signal">) {
    this.#site = site;
  }

  /** Rejects with the signal's reason when that or its deadline comes first. */
  async wait(headers: Readonly<Record<string, string>>): Promise<void> {
    const { clock, signal } = this.#site;
    const own = this.#next;
    this.#next = Math.min(LONGEST_WAIT, own * 2);
    await pause(requestedDelay(headers, clock.now()) ?? own, signal, clock);
  }
}

/** The same resource, only read. */
export function lookAt(call: ResourceCall): ResourceCall {
  const { what, resource, apiVersion, permission, absent } = call;
  const [namespace, kind] = permission.action.split("/");
  const action = `${namespace}/${kind}/read`;
  return { method: "GET", what, resource, apiVersion, permission: { ...permission, action }, absent };
}

/**
 * Waits for the end of the operation that a good answer to `call` began, if it began one. The resource's JSON where an
 * answer happened to have it. Rejects with `Failure`: the one of the operation, or of a look at it.
 * Source: learn.microsoft.com/azure/azure-resource-manager/management/async-operations
 */
export async function finish(call: ResourceCall, first: Answer, site: OperationSite): Promise<unknown> {
  const waits = new Waits(site);
  let step = begin(call, first, site);
  while ("watch" in step) {
    if (step.wait !== undefined) {
      await waits.wait(step.wait);
    }
    step = await step.watch();
  }
  return step.result;
}

type Headers = Readonly<Record<string, string>>;

/** What to do next: look again, after the wait that the last answer's headers ask for; or nothing. */
type Step =
  | { readonly watch: () => Promise<Step>; readonly wait: Headers | undefined }
  | { readonly result: unknown };

function begin(call: ResourceCall, answer: Answer, site: OperationSite): Step {
  const { status, headers } = answer;
  const body = readJson(answer);
  if (status === 204) {
    return { result: undefined };
  }
  const state = stateOf(body);
  if (status !== 202 && state === "succeeded") {
    return { result: body };
  }
  const operation = ownAddress(headers["azure-asyncoperation"], site);
  if (operation !== undefined) {
    return { watch: () => watchOperation(call, operation, site), wait: headers };
  }
  const location = status === 202 ? ownAddress(headers["location"], site) : undefined;
  if (location !== undefined) {
    return { watch: () => watchLocation(call, location, site), wait: headers };
  }
  return status === 202 ? watchingResource(call, site, headers) : byState(call, body, headers, site);
}

function ownAddress(address: string | undefined, site: OperationSite): HttpRequest | undefined {
  return address === undefined ? undefined : site.requestTo(address);
}

/** An operation's own resource: its `status` tells. */
async function watchOperation(call: ResourceCall, at: HttpRequest, site: OperationSite): Promise<Step> {
  const answer = await site.send(at);
  const { headers } = answer;
  if (answer.status >= 300) {
    return await lost(call, answer, site);
  }
  const body = readJson(answer);
  const state = textField(body, "status")?.toLowerCase();
  if (state === undefined) {
    return watchingResource(call, site, headers);
  }
  if (state === "succeeded") {
    return { result: field(field(body, "properties"), "output") };
  }
  if (state === "failed" || state === "canceled") {
    throw resourceFailure(call, operationError(body, headers, state));
  }
  const next = ownAddress(headers["azure-asyncoperation"], site) ?? at;
  return { watch: () => watchOperation(call, next, site), wait: headers };
}

/** An address that answers 202 until the operation is over, and then as the operation would have. */
async function watchLocation(call: ResourceCall, at: HttpRequest, site: OperationSite): Promise<Step> {
  const answer = await site.send(at);
  const { status, headers } = answer;
  if (status === 202) {
    const next = ownAddress(headers["location"], site) ?? at;
    return { watch: () => watchLocation(call, next, site), wait: headers };
  }
  if (status >= 300) {
    return await lost(call, answer, site);
  }
  return { result: status === 204 ? undefined : readJson(answer) };
}

/**
 * Operations are kept for a while only, and roles of one's own often do not allow to look at them: then the resource itself
 * tells. Any other refusal is the operation's end.
 */
async function lost(call: ResourceCall, answer: Answer, site: OperationSite): Promise<Step> {
  const error = await readResourceError(answer, requestedDelay(answer.headers, site.clock.now()));
  const elsewhere = call.action === undefined && [401, 403, 404, 410].includes(error.status);
  if (call.method === "DELETE" && isAbsent(error)) {
    return watchingResource(call, site, undefined);
  }
  if (!elsewhere) {
    throw resourceFailure(call, error);
  }
  return watchingResource(call, site, undefined);
}

/** `wait`: of the answer before, undefined to look at once. */
function watchingResource(call: ResourceCall, site: OperationSite, wait: Headers | undefined): Step {
  if (call.action !== undefined) {
    throw incomplete(call.what, "address to look after the operation");
  }
  return { watch: () => watchResource(call, site), wait };
}

async function watchResource(call: ResourceCall, site: OperationSite): Promise<Step> {
  const look = lookAt(call);
  const answer = await site.send(site.requestFor(look));
  if (answer.status >= 300) {
    const error = await readResourceError(answer, requestedDelay(answer.headers, site.clock.now()));
    if (call.method === "DELETE" && isAbsent(error)) {
      return { result: undefined };
    }
    throw resourceFailure(look, error);
  }
  return byState(call, readJson(answer), answer.headers, site);
}

function byState(call: ResourceCall, body: unknown, headers: Headers, site: OperationSite): Step {
  const state = stateOf(body);
  if (state === "failed" || state === "canceled") {
    throw resourceFailure(call, operationError(undefined, headers, state));
  }
  // What is being deleted is over when it is no more, whatever it says until then; only its refusal is an end, too.
  const over = call.method === "DELETE" ? state === undefined : state === undefined || state === "succeeded";
  return over ? { result: body } : watchingResource(call, site, headers);
}

function stateOf(body: unknown): string | undefined {
  return textField(field(body, "properties"), "provisioningState")?.toLowerCase();
}

/** Whether nothing is under way on the resource. */
export function isSettled(body: unknown): boolean {
  return ["succeeded", "failed", "canceled", undefined].includes(stateOf(body));
}

function operationError(body: unknown, headers: Headers, state: "failed" | "canceled"): ResourceError {
  const error = field(body, "error");
  const ended = state === "failed" ? "OperationFailed" : "OperationCanceled";
  return {
    status: 200,
    code: textField(error, "code") ?? ended,
    message: textField(error, "message") ?? `the operation ended as "${state}"`,
    requestId: headers["x-ms-request-id"] ?? headers["x-ms-correlation-request-id"],
    retryAfter: undefined,
  };
}
