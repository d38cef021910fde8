import assert from "node:assert/strict";
import { spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { buildGoProgram } from "../host/go-program.ts";
import type { Answer, Failed, Operation, Operations, Order } from "./order.ts";
import { preparePython } from "./python.ts";

/** One of Azure's own SDKs, doing what it is told. */
export interface SdkClient extends AsyncDisposable {
  /** Carries the order out; fails the test with the SDK's words when it was refused. */
  ask<O extends Operation>(order: Order<O>): Promise<Operations[O]["result"]>;
  /** The refusal; fails the test when the order was carried out after all. */
  refused(order: Order): Promise<Failed>;
}

export const SDKS = ["Python", "Go"] as const;

export type Sdk = (typeof SDKS)[number];

/** The environment is that of all orders; each may add to it. */
export async function startSdk(sdk: Sdk, environment: Readonly<Record<string, string>>): Promise<SdkClient> {
  const talk = sdk === "Python" ? await startPython() : await startGo();
  return sdkClient({
    ask: (order) => talk.ask({ ...order, environment: { ...environment, ...order.environment } }),
    end: () => talk.end(),
  });
}

/** One process for all orders: it takes a second to import the SDK. It makes each order's environment its own. */
async function startPython(): Promise<Conversation> {
  const { command, packages } = await preparePython();
  const script = fileURLToPath(new URL("../python/client", import.meta.url));
  const [interpreter = "", ...options] = command;
  const environment = { PATH: process.env["PATH"] ?? "", PYTHONPATH: packages };
  return converse(spawn(interpreter, [...options, script], { env: environment }));
}

/** A process for each order: Go reads trusted roots and proxies once, and managed identities' tokens are kept by process. */
async function startGo(): Promise<Conversation> {
  const program = await buildGoProgram("client");
  return {
    ask: async (order) => {
      const talk = converse(spawn(program, [], { env: { ...order.environment } }));
      try {
        return await talk.ask(order);
      } finally {
        await talk.end();
      }
    },
    end: async () => {},
  };
}

function sdkClient(talk: Conversation): SdkClient {
  return {
    ask: async (order) => {
      const answered = await talk.ask(order);
      if ("failed" in answered) {
        const { kind, status, code, message } = answered.failed;
        assert.fail(`${order.do} was refused (${kind}, ${status}, ${code}): ${message}`);
      }
      // What the operation brings is written by the clients, for exactly these types.
      return answered.result as Operations[(typeof order)["do"]]["result"];
    },
    refused: async (order) => {
      const answered = await talk.ask(order);
      assert.ok("failed" in answered, `${order.do} was not refused`);
      return answered.failed;
    },
    [Symbol.asyncDispose]: () => talk.end(),
  };
}

interface Conversation {
  ask(order: Order): Promise<Answer>;
  end(): Promise<void>;
}

function converse(child: ChildProcessWithoutNullStreams): Conversation {
  // A test file that throws at its top level leaves no process behind.
  const abandon = (): boolean => child.kill("SIGKILL");
  process.once("exit", abandon);
  let complaints = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (complaints += text));
  const exited = once(child, "close").finally(() => process.off("exit", abandon));
  exited.catch(() => {});
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  child.stdin.on("error", () => {});
  let turn: Promise<unknown> = Promise.resolve();
  const exchange = async (order: Order): Promise<Answer> => {
    child.stdin.write(`${JSON.stringify(order)}\n`);
    const { value, done } = await lines.next();
    if (done === true) {
      await exited;
      throw new Error(`Azure's SDK ended instead of an answer to ${order.do}: ${complaints}`);
    }
    return JSON.parse(value) as Answer;
  };
  return {
    ask: (order) => {
      // One after the other: answers bear no mark of the order they belong to.
      const answer = turn.then(() => exchange(order));
      turn = answer.catch(() => {});
      return answer;
    },
    end: async () => {
      child.stdin.end();
      await exited;
    },
  };
}
