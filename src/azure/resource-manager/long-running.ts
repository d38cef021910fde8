import { Failure } from "../../errors/error.ts";
import { interruption, pause } from "../http/deadline.ts";
import type { Answer } from "../http/pipeline.ts";
import { requestedDelay } from "../http/retry.ts";
import type { ResourceCall, ResourceError } from "./call.ts";
import { isAbsent, isBusy, PREEMPTED, readError, readResourceError, resourceFailure } from "./errors.ts";
import { field, incomplete, readJson, textField } from "./json.ts";
import type { ResourceManager } from "./resource-manager.ts";

/**
 * Carries out a change to the end of the operation that it begins. Resolves to the resource, or what the operation gave,
 * where Azure told it: no request is made for it.
 *
 * A deletion of what is not there is done. A change whose answer was lost is repeated: the same name and body make no second
 * resource. Where another operation is under way on the resource, its end is waited for, as long as a wait for 429 may last.
 * Rejects as `ResourceManager.call` does, and with the operation's own failure.
 */
export async function run(
  manager: ResourceManager,
  call: ResourceCall,
  signal: AbortSignal,
): Promise<unknown> {
  const until = manager.patience(signal);
  const change: Change = { manager, call, signal, until, waits: new Waits(manager, signal) };
  try {
    for (;;) {
      const answer = await manager.send(call, signal);
      const end = answer.status < 300 ? await finish(change, answer) : await refusal(change, answer);
      if ("result" in end) {
        return end.result;
      }
      if ("failure" in end) {
        throw end.failure;
      }
      if (manager.clock.now() >= until) {
        throw resourceFailure(call, end.hindered);
      }
      await change.waits.wait(answer.headers);
      await settle(change);
    }
  } catch (error) {
    throw signal.aborted ? interruption(`cannot ${call.what}`, signal) : error;
  }
}

interface Change {
  readonly manager: ResourceManager;
  readonly call: ResourceCall;
  readonly signal: AbortSignal;
  /** What passes by itself is waited for no longer, milliseconds since 1970. */
  readonly until: number;
  readonly waits: Waits;
}

/** Another operation came in between; the change may be tried again after it. */
interface Hindered {
  readonly hindered: ResourceError;
}

type End = { readonly result: unknown } | { readonly failure: Failure } | Hindered;

/** Between two looks where Azure does not tell: most snapshots are done at once, others may take a while. */
const FIRST_WAIT = 250;
const LONGEST_WAIT = 5_000;

class Waits {
  readonly #manager: ResourceManager;
  readonly #signal: AbortSignal;
  #next = FIRST_WAIT;

  constructor(manager: ResourceManager, signal: AbortSignal) {
    this.#manager = manager;
    this.#signal = signal;
  }

  /** As long as the last answer asks for. Rejects with the signal's reason when that, or its deadline, comes first. */
  async wait(headers: Headers): Promise<void> {
    const { clock } = this.#manager;
    const own = this.#next;
    this.#next = Math.min(LONGEST_WAIT, own * 2);
    await pause(requestedDelay(headers, clock.now()) ?? own, this.#signal, clock);
  }
}

type Headers = Readonly<Record<string, string>>;

async function refusal({ manager, call }: Change, answer: Answer): Promise<End> {
  const error = await readResourceError(answer, manager.clock.now());
  if (call.method === "DELETE" && isAbsent(error)) {
    return { result: undefined };
  }
  if (!isBusy(error)) {
    throw resourceFailure(call, error);
  }
  return { hindered: error };
}

/** Until nothing is under way on the resource any more, or it is gone. */
async function settle({ manager, call, signal, waits }: Change): Promise<void> {
  const look = lookAt(call);
  for (;;) {
    const answer = await manager.send(look, signal);
    if (answer.status >= 300) {
      const error = await readResourceError(answer, manager.clock.now());
      if (isAbsent(error)) {
        return;
      }
      throw resourceFailure(look, error);
    }
    if (OVER.has(stateOf(readJson(answer)))) {
      return;
    }
    await waits.wait(answer.headers);
  }
}

/** The same resource, only read. */
function lookAt(call: ResourceCall): ResourceCall {
  const { what, resource, apiVersion, permission, absent, rules } = call;
  const [namespace, kind] = permission.action.split("/");
  const action = `${namespace}/${kind}/read`;
  return { method: "GET", what, resource, apiVersion, permission: { ...permission, action }, absent, rules };
}

/** What to do next: look again, after the wait that the last answer's headers ask for, or at once; or nothing. */
type Step = { readonly watch: () => Promise<Step>; readonly wait: Headers | undefined } | End;

/**
 * Waits for the end of the operation that a good answer to the call began, if it began one. Source:
 * learn.microsoft.com/azure/azure-resource-manager/management/async-operations
 */
async function finish(change: Change, first: Answer): Promise<End> {
  const { until, waits, manager } = change;
  let step = begin(change, first);
  while ("watch" in step) {
    if (step.wait !== undefined) {
      await waits.wait(step.wait);
    }
    const { watch } = step;
    try {
      step = await watch();
    } catch (error) {
      // What is under way goes on while nobody can look at it.
      const passes = error instanceof Failure && error.code === "Unavailable" && error.retryable;
      if (!passes || manager.clock.now() + LONGEST_WAIT >= until) {
        throw begun(error);
      }
      step = { watch, wait: NONE };
    }
  }
  return step;
}

/** Of what goes on although nobody can look after it any more. */
function begun(error: unknown): unknown {
  if (!(error instanceof Failure)) {
    return error;
  }
  const { code, message, hint, retryable, serviceCode } = error;
  return new Failure(code, message, { hint, retryable, serviceCode, begun: true, cause: error });
}

const NONE: Headers = {};

function begin(change: Change, answer: Answer): Step {
  const { status, headers } = answer;
  if (status === 204) {
    return { result: undefined };
  }
  const body = readJson(answer);
  if (status !== 202 && stateOf(body) === "succeeded") {
    return { result: body };
  }
  const operation = ownAddress(headers["azure-asyncoperation"], change);
  if (operation !== undefined) {
    return { watch: () => watchOperation(change, operation), wait: headers };
  }
  const location = status === 202 ? ownAddress(headers["location"], change) : undefined;
  if (location !== undefined) {
    return { watch: () => watchLocation(change, location), wait: headers };
  }
  return status === 202 ? watchingResource(change, headers) : byState(change, body, headers);
}

function ownAddress(address: string | undefined, { manager }: Change): string | undefined {
  return address !== undefined && manager.owns(address) ? address : undefined;
}

/** An operation's own resource: its `status` tells. */
async function watchOperation(change: Change, at: string): Promise<Step> {
  const answer = await change.manager.sendTo(at, change.call, change.signal);
  const { headers } = answer;
  if (answer.status >= 300) {
    return await lost(change, answer);
  }
  const body = readJson(answer);
  const state = textField(body, "status")?.toLowerCase();
  if (state === undefined) {
    return watchingResource(change, headers);
  }
  if (state === "succeeded") {
    return { result: field(field(body, "properties"), "output") };
  }
  if (state === "failed" || state === "canceled") {
    return ended(change, body, headers, state);
  }
  const next = ownAddress(headers["azure-asyncoperation"], change) ?? at;
  return { watch: () => watchOperation(change, next), wait: headers };
}

/** An address that answers 202 until the operation is over, and then as the operation would have. */
async function watchLocation(change: Change, at: string): Promise<Step> {
  const answer = await change.manager.sendTo(at, change.call, change.signal);
  const { status, headers } = answer;
  if (status === 202) {
    const next = ownAddress(headers["location"], change) ?? at;
    return { watch: () => watchLocation(change, next), wait: headers };
  }
  if (status >= 300) {
    return await lost(change, answer);
  }
  return { result: status === 204 ? undefined : readJson(answer) };
}

/**
 * Operations are kept for a while only, and roles of one's own often do not allow to look at them: then the resource itself
 * tells. Any other refusal is the operation's end.
 */
async function lost(change: Change, answer: Answer): Promise<Step> {
  const { call, manager } = change;
  const error = await readResourceError(answer, manager.clock.now());
  if (call.action !== undefined || ![401, 403, 404, 410].includes(error.status)) {
    throw resourceFailure(call, error);
  }
  return watchingResource(change, undefined);
}

/** `wait`: of the answer before, undefined to look at once. */
function watchingResource(change: Change, wait: Headers | undefined): Step {
  const { call } = change;
  if (call.action !== undefined) {
    throw incomplete(call.what, "address to look after the operation");
  }
  return { watch: () => watchResource(change), wait };
}

async function watchResource(change: Change): Promise<Step> {
  const { call, manager, signal } = change;
  const look = lookAt(call);
  const answer = await manager.send(look, signal);
  if (answer.status < 300) {
    return byState(change, readJson(answer), answer.headers);
  }
  const error = await readResourceError(answer, manager.clock.now());
  if (!isAbsent(error)) {
    throw resourceFailure(look, error);
  }
  if (call.method !== "DELETE") {
    throw new Failure("Aborted", `cannot ${call.what}: it was deleted while it was being made`, {
      retryable: true,
      serviceCode: error.code,
    });
  }
  return { result: undefined };
}

/** What is being deleted is over when it is no more, whatever it says until then. */
function byState(change: Change, body: unknown, headers: Headers): Step {
  const state = stateOf(body);
  if (state === "failed" || state === "canceled") {
    return ended(change, undefined, headers, state);
  }
  const over = change.call.method === "DELETE" ? state === undefined : OVER.has(state);
  return over ? { result: body } : watchingResource(change, headers);
}

/** Nothing is under way; what does not tell is what needs no time. */
const OVER: ReadonlySet<string | undefined> = new Set(["succeeded", "failed", "canceled", undefined]);

function stateOf(body: unknown): string | undefined {
  return textField(field(body, "properties"), "provisioningState")?.toLowerCase();
}

function ended({ call }: Change, body: unknown, headers: Headers, state: "failed" | "canceled"): End {
  const told = readError({ error: field(body, "error") });
  const error: ResourceError = {
    status: 200,
    code: told.code ?? (state === "failed" ? "OperationFailed" : "OperationCanceled"),
    message: told.message === "" ? `the operation ended as "${state}"` : told.message,
    target: told.target,
    requestId: headers["x-ms-request-id"] ?? headers["x-ms-correlation-request-id"],
    retryAfter: undefined,
  };
  if (error.code === PREEMPTED) {
    return { hindered: error };
  }
  return { failure: resourceFailure(call, error) };
}
