import { writeSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import type { Logger } from "../log/logger.ts";
import { checkHost, handshakeLine, makeSocketFolder, removeSocketFolder, shareSocket } from "./handshake.ts";
import type { GrpcServer } from "./grpc/server.ts";

const STDOUT = 1;

/** How often to look whether the host still lives: a host killed before it dialled leaves no connection to close. */
const HOST_CHECK_MILLISECONDS = 500;

const LISTEN_BACKLOG = 511;

/** What answers under way, and what cleans up, get; go-plugin's host waits 2 s before it kills. */
const GRACE_MILLISECONDS = 1_000;

export interface ServeOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly logger: Logger;
  /**
   * Makes the server, called once the handshake is out and the host is dialling: loading HTTP/2 takes a third of
   * the time that the host would otherwise wait for the handshake.
   */
  readonly loadServer: (lifecycle: Lifecycle) => Promise<GrpcServer>;
}

/** What the services may ask of the process. */
export interface Lifecycle {
  /** Aborts what is under way and ends the process when that has cleaned up: there is nobody left to answer. */
  readonly end: () => void;
}

/**
 * Serves one host until it asks to end, dies, or the process gets SIGTERM. Never returns before the process ends.
 * The order matters: listen, print the handshake, only then load what serving takes.
 */
export function serve(options: ServeOptions): void {
  const { env, logger } = options;
  checkHost(env);
  const socketPath = makeSocketFolder(env);
  process.on("exit", () => removeSocketFolder(socketPath));

  let server: GrpcServer | undefined;
  let ending = false;
  const shutdown = (): void => {
    if (ending) return;
    ending = true;
    listener.close();
    server?.abortCalls();
    setTimeout(() => process.exit(0), GRACE_MILLISECONDS);
  };
  const end = (): void => {
    shutdown();
    // One turn of the event loop: what the aborts set off (closing connections to the store) starts. What has to be cleaned up,
    // a disk that was being made, gets as long as answers do; as a rule there is nothing.
    setImmediate(() => void (server?.settled() ?? Promise.resolve()).then(() => process.exit(0)));
  };
  process.on("SIGTERM", shutdown);
  process.on("SIGHUP", shutdown);
  // A Ctrl-C in the host's terminal reaches every process of its group; the host decides what happens to us.
  process.on("SIGINT", () => logger.log("debug", "ignoring an interrupt: the host decides when to end"));
  process.on("uncaughtException", (error) => {
    logger.log("error", "ending after an error that nothing was prepared for", { error: error.stack });
    process.exit(1);
  });
  endWithHost(shutdown);

  const waiting: Socket[] = [];
  const listener: Server = createServer((socket) => {
    if (server === undefined) waiting.push(socket);
    else server.accept(socket);
  });
  listener.on("error", (error) => {
    logger.log("error", `cannot listen on "${socketPath}": ${error.message}`);
    process.exit(1);
  });
  listener.on("listening", () => {
    shareSocket(socketPath, env);
    writeSync(STDOUT, handshakeLine(socketPath, env));
    void options.loadServer({ end }).then((loaded) => {
      server = loaded;
      for (const socket of waiting) loaded.accept(socket);
    });
  });
  listen(listener, socketPath);
}

/**
 * `listen` as net.Server does it in a process that no cluster started. Its own `listen` first loads node:cluster, and with
 * it child_process and dgram, to find that out: 3 ms and 1 MB of each start.
 */
function listen(listener: Server, socketPath: string): void {
  const direct: unknown = Reflect.get(listener, "_listen2");
  if (typeof direct !== "function") listener.listen(socketPath);
  // A path in place of an address (port and family -1), and the backlog that Node takes.
  else Reflect.apply(direct, listener, [socketPath, -1, -1, LISTEN_BACKLOG]);
}

/** Ends the process when its parent is another than at its start: the host is gone, even by SIGKILL. */
function endWithHost(shutdown: () => void): void {
  const host = process.ppid;
  setInterval(() => {
    if (process.ppid !== host) shutdown();
  }, HOST_CHECK_MILLISECONDS).unref();
}
