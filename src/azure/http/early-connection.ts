import type { Agent } from "node:https";
import { Socket } from "node:net";
import type { Duplex } from "node:stream";

/**
 * Opens a connection that no request needs yet: the next one for which an agent would make a connection gets it, in
 * whatever state it is. Node's agents connect for a request only.
 */
export class EarlyConnection {
  readonly #connect: Agent["createConnection"];
  readonly #options: Parameters<Agent["createConnection"]>[0];
  /** Then the agent's connections come by callback, and what is returned is not one yet. */
  readonly #tunnelled: boolean;
  #opened: Promise<Duplex> | undefined;
  #opening: NodeJS.Immediate | undefined;

  constructor(
    agent: Agent,
    target: { readonly host: string; readonly port: number; readonly servername?: string },
    tunnelled: boolean,
  ) {
    this.#connect = agent.createConnection.bind(agent);
    this.#options = { ...agent.options, ...target };
    this.#tunnelled = tunnelled;
    agent.createConnection = (options, callback) => this.#take(options, callback);
  }

  /**
   * Soon: what is about to be sent elsewhere goes first, since its answer is what takes time. Does nothing when there is
   * one that nobody has taken. What fails is told to nobody.
   */
  open(): void {
    if (this.#opened === undefined) {
      this.#opening ??= setImmediate(() => this.#open());
    }
  }

  #open(): void {
    this.#opening = undefined;
    this.#opened = new Promise((resolve, reject) => {
      const socket = this.#connect(this.#options, (error, made) => (error ? reject(error) : resolve(made)));
      if (!this.#tunnelled && socket) {
        resolve(socket);
      }
    });
    this.#opened.then(
      (socket) => {
        socket.on("error", () => {});
        // Alone it is no reason for a process to live on.
        if (socket instanceof Socket) socket.unref();
      },
      () => {},
    );
  }

  /** Closes the one that nobody has taken. */
  close(): void {
    clearImmediate(this.#opening);
    this.#opened?.then(
      (socket) => socket.destroy(),
      () => {},
    );
    this.#opened = undefined;
  }

  #take: Agent["createConnection"] = (options, callback) => {
    const opened = this.#opened;
    this.#opened = undefined;
    // The request was quicker.
    clearImmediate(this.#opening);
    this.#opening = undefined;
    if (opened === undefined || callback === undefined) {
      return this.#connect(options, callback);
    }
    const connect = (): void => {
      const socket = this.#connect(options, callback);
      if (!this.#tunnelled && socket) {
        callback(null, socket);
      }
    };
    const hand = (socket: Duplex): void => {
      if (socket.destroyed) {
        connect();
        return;
      }
      if (socket instanceof Socket) socket.ref();
      callback(null, socket);
    };
    opened.then(hand, connect);
    return undefined;
  };
}
