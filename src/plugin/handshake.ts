import { chmodSync, chownSync, mkdtempSync, readFileSync, rmdirSync, rmSync, unlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { Failure } from "../errors/error.ts";

/** Values of hashicorp/go-plugin's handshake and of Velero's use of it (pkg/plugin/framework/handshake.go). */
const COOKIE_KEY = "VELERO_PLUGIN";
const COOKIE_VALUE = "hello";
const CORE_PROTOCOL_VERSION = 1;
const VELERO_PROTOCOL_VERSION = 2;

/** Bytes of a Unix socket's path, without the closing zero (sun_path in unix(7)). */
const LONGEST_SOCKET_PATH = 107;

type Environment = Readonly<Record<string, string | undefined>>;

/** Whether it was Velero that started this process. */
export function isStartedByVelero(env: Environment): boolean {
  return env[COOKIE_KEY] === COOKIE_VALUE;
}

/** Throws when the host asks for what this plugin cannot do. */
export function checkHost(env: Environment): void {
  if ((env["PLUGIN_CLIENT_CERT"] ?? "") !== "") {
    throw new Failure(
      "Unimplemented",
      "cannot serve this host: it asks for mutual TLS on the plugin's socket (AutoMTLS)",
      {
        hint: "Velero itself does not use AutoMTLS; start the plugin without PLUGIN_CLIENT_CERT",
      },
    );
  }
}

/** The one line that the host reads from stdout. The seventh field answers a host that asks for multiplexing: no. */
export function handshakeLine(socketPath: string, env: Environment): string {
  const line = `${CORE_PROTOCOL_VERSION}|${VELERO_PROTOCOL_VERSION}|unix|${socketPath}|grpc|`;
  return (env["PLUGIN_MULTIPLEX_GRPC"] ?? "") === "" ? `${line}\n` : `${line}|false\n`;
}

/**
 * Makes a folder of mode 0700 for the socket, in `PLUGIN_UNIX_SOCKET_DIR` or the system's folder for temporary
 * files (TMPDIR), and returns the path for the socket in it.
 */
export function makeSocketFolder(env: Environment): string {
  const parent = env["PLUGIN_UNIX_SOCKET_DIR"] || tmpdir();
  let folder: string;
  try {
    folder = mkdtempSync(join(parent, "velero-azure-"));
  } catch (error) {
    throw new Failure(
      "FailedPrecondition",
      `cannot make a folder for the plugin's socket in "${parent}": ${(error as Error).message}`,
      {
        hint: "point TMPDIR at a folder that the Velero container may write to, such as an emptyDir volume",
        cause: error,
      },
    );
  }
  const path = join(folder, "plugin.sock");
  if (Buffer.byteLength(path) > LONGEST_SOCKET_PATH) {
    rmSync(folder, { recursive: true, force: true });
    throw new Failure(
      "FailedPrecondition",
      `cannot make the plugin's socket "${path}": its path has more than ${LONGEST_SOCKET_PATH} bytes`,
      {
        hint: "point TMPDIR at a folder with a shorter path",
      },
    );
  }
  return path;
}

/** Lets the group that the host names (`PLUGIN_UNIX_SOCKET_GROUP`, a name or a number) reach the socket. */
export function shareSocket(socketPath: string, env: Environment): void {
  const group = env["PLUGIN_UNIX_SOCKET_GROUP"] ?? "";
  if (group === "") return;
  const id = /^\d+$/.test(group) ? Number(group) : groupId(group);
  for (const [path, mode] of [
    [socketPath, 0o660],
    [dirname(socketPath), 0o710],
  ] as const) {
    chownSync(path, -1, id);
    chmodSync(path, mode);
  }
}

function groupId(name: string): number {
  for (const line of readFileSync("/etc/group", "utf8").split("\n")) {
    const [found, , id] = line.split(":");
    if (found === name && id !== undefined) return Number(id);
  }
  throw new Failure(
    "FailedPrecondition",
    `cannot share the plugin's socket with group "${name}": no such group in /etc/group`,
  );
}

/** Removes the socket and its folder; to be called at exit, whatever happened before. */
export function removeSocketFolder(socketPath: string): void {
  // Not rmSync: it takes a millisecond to look around first.
  for (const remove of [() => unlinkSync(socketPath), () => rmdirSync(dirname(socketPath))]) {
    try {
      remove();
    } catch {
      // The socket is gone once it is closed, and the folder may have been cleaned away.
    }
  }
}
