import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { Failure } from "../../src/errors/error.ts";
import { type HostedPlugin, PluginHost } from "../../test/host/host.ts";
import type { Contender } from "../contender.ts";
import type { Answer, FreshLocation, FreshVolumes, Order, SeenRequest, SignIn } from "./orders.ts";

/** What would tell a plugin of another identity, of another way, or of another authority. */
const foreign = /^(AZURE_|IDENTITY_|MSI_|IMDS_|SSL_CERT_)|^(https?|all|no)_proxy$/i;

/** Azure as the simulator plays it, 20 ms away, and Velero's own client to drive plugins that sign in there. */
export class FarAzure implements AsyncDisposable {
  readonly #process: ChildProcess;
  readonly #host: PluginHost;

  private constructor(process: ChildProcess, host: PluginHost) {
    this.#process = process;
    this.#host = host;
  }

  static async start(): Promise<FarAzure> {
    const world = fork(fileURLToPath(new URL("process.ts", import.meta.url)), {
      execArgv: [],
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    });
    try {
      await reply(world);
      return new FarAzure(world, await PluginHost.start());
    } catch (error) {
      world.disconnect();
      throw error;
    }
  }

  /** A location with a tenant, an account and an identity of its own; requests are counted from here on. */
  async location(signIn: SignIn): Promise<FreshLocation> {
    const answer = await this.#ask({ call: "location", signIn });
    if ("location" in answer) return answer.location;
    throw unexpected(answer);
  }

  /** Disks in a subscription of their own; requests are counted from here on. */
  async volumes(count: number): Promise<FreshVolumes> {
    const answer = await this.#ask({ call: "volumes", count });
    if ("volumes" in answer) return answer.volumes;
    throw unexpected(answer);
  }

  /** All that the simulated services were sent since the last location or volumes were made. */
  async requests(): Promise<readonly SeenRequest[]> {
    const answer = await this.#ask({ call: "requests" });
    if ("requests" in answer) return answer.requests;
    throw unexpected(answer);
  }

  /** Starts a process of the plugin as Velero would, up to the answer of ListPlugins. */
  plugin(contender: Contender, { environment }: Pick<FreshLocation, "environment">): Promise<HostedPlugin> {
    const without = Object.keys(process.env).filter((name) => foreign.test(name));
    const env = { ...Object.fromEntries(without.map((name) => [name, null])), ...environment };
    return this.#host.startPlugin({ path: contender.executable, args: ["--log-level", "info"], env });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#host.close();
    if (!this.#process.connected) return;
    const exited = once(this.#process, "exit");
    this.#process.disconnect();
    await exited;
  }

  async #ask(order: Order): Promise<Answer> {
    const answered = reply(this.#process);
    this.#process.send(order);
    return answered;
  }
}

async function reply(world: ChildProcess): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const onExit = (code: number | null): void =>
    reject(new Failure("Unavailable", `cannot use the far simulator: it ended with ${code}`));
  world.once("message", resolve).once("exit", onExit);
  try {
    return await promise;
  } finally {
    world.off("message", resolve).off("exit", onExit);
  }
}

function unexpected(answer: Answer): Failure {
  const reason = "failure" in answer ? answer.failure : "an answer to another question";
  return new Failure("Internal", `cannot use the far simulator: ${reason}`);
}
