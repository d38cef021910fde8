import { once } from "node:events";
import { request, type IncomingMessage, type ClientRequest, Agent } from "node:http";
import { canceled, Failure, type ErrorCode } from "../../src/errors/error.ts";

/** What velero-host answers to a failed call; test/host/README.md has the meaning of each field. */
export interface HostError {
  readonly error: string;
  readonly message: string;
  readonly code: string;
  readonly stack?: { readonly file: string; readonly line: number; readonly function: string };
  readonly stderr?: string;
}

/**
 * A call that failed in Velero's client. `code` is the gRPC status code, `Unknown` where the failure is none of
 * gRPC's; `answer` has the rest.
 */
export class HostFailure extends Failure {
  readonly answer: HostError;

  constructor(answer: HostError) {
    super(isErrorCode(answer.code) ? answer.code : "Unknown", answer.message);
    this.answer = answer;
  }
}

const codes: ReadonlySet<string> = new Set<ErrorCode>([
  ...(["Canceled", "Unknown", "InvalidArgument", "DeadlineExceeded", "NotFound", "AlreadyExists"] as const),
  ...(["PermissionDenied", "ResourceExhausted", "FailedPrecondition", "Aborted", "OutOfRange"] as const),
  ...(["Unimplemented", "Internal", "Unavailable", "DataLoss", "Unauthenticated"] as const),
]);

function isErrorCode(text: string): text is ErrorCode {
  return codes.has(text);
}

export type Query = Readonly<Record<string, string | number | undefined>>;

export interface Ask {
  readonly method: string;
  readonly path: string;
  readonly query?: Query | undefined;
  /** Sent as JSON. */
  readonly json?: unknown;
  /** Sent as it comes; throwing from it breaks the request off. */
  readonly body?: AsyncIterable<Uint8Array> | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** HTTP over velero-host's unix socket. */
export class HostClient {
  readonly #agent = new Agent({ keepAlive: true });
  readonly #socket: string;

  constructor(socket: string) {
    this.#socket = socket;
  }

  close(): void {
    this.#agent.destroy();
  }

  /** Sends and resolves with the head of a good answer; throws HostFailure, or Canceled when the signal fired. */
  async send(ask: Ask): Promise<IncomingMessage> {
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries(ask.query ?? {})) {
      if (value !== undefined) query.set(name, String(value));
    }
    const call = request({
      socketPath: this.#socket,
      agent: this.#agent,
      method: ask.method,
      path: `${ask.path}?${query.toString()}`,
      signal: ask.signal,
    });
    try {
      const [answer] = await Promise.all([headOf(call), sendBody(call, ask)]);
      if (answer.statusCode !== 200) {
        throw new HostFailure(await jsonOf<HostError>(answer));
      }
      return answer;
    } catch (error) {
      call.destroy();
      throw ask.signal?.aborted === true ? canceled(`cannot ${ask.method} ${ask.path}`, error) : error;
    }
  }

  async json<T>(ask: Ask): Promise<T> {
    return jsonOf<T>(await this.send(ask));
  }

  async text(ask: Ask): Promise<string> {
    return (await bytesOf(await this.send(ask))).toString("utf8");
  }
}

async function headOf(call: ClientRequest): Promise<IncomingMessage> {
  const [answer] = (await once(call, "response")) as [IncomingMessage];
  return answer;
}

async function sendBody(call: ClientRequest, { json, body }: Ask): Promise<void> {
  if (json !== undefined) {
    call.end(JSON.stringify(json));
    return;
  }
  try {
    for await (const chunk of body ?? []) {
      if (call.destroyed || call.writableEnded) {
        return;
      }
      if (!call.write(chunk)) {
        await drainedOrClosed(call);
      }
    }
    call.end();
  } catch (error) {
    call.destroy();
    throw error;
  }
}

function drainedOrClosed(call: ClientRequest): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      call.off("drain", done);
      call.off("close", done);
      resolve();
    };
    call.on("drain", done);
    call.on("close", done);
  });
}

async function bytesOf(answer: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** The shape is velero-host's promise (test/host/README.md). */
async function jsonOf<T>(answer: IncomingMessage): Promise<T> {
  return JSON.parse((await bytesOf(answer)).toString("utf8")) as T;
}
