import { isIP } from "node:net";
import type { SimulatedRequest } from "../http/message.ts";
import { Refusal } from "./refusal.ts";

/** What a request's address names. */
export interface BlobAddress {
  readonly account: string;
  /** The path as sent, without the account of path style; starts with `/`. */
  readonly rawPath: string;
  /** Decoded; absent for the account itself. */
  readonly container: string | undefined;
  /** Decoded; absent for a container. */
  readonly blob: string | undefined;
  /** Where the account's containers begin, without the slash at the end. */
  readonly endpoint: string;
  /** Names and values decoded, names in lower case. */
  readonly query: ReadonlyMap<string, string>;
}

/**
 * Host style when the host's name has a label `blob` after its first (ACCOUNT.blob.core.windows.net,
 * ACCOUNT.privatelink.blob.core.windows.net, ACCOUNT.blob.localhost); path style, as emulators have it, otherwise.
 */
export function blobAddress(request: SimulatedRequest): BlobAddress {
  const hostname = hostnameOf(request.origin);
  const labels = isIP(hostname) === 0 ? hostname.toLowerCase().split(".") : [];
  const query = queryOf(request.query);
  if (labels.indexOf("blob") > 0) {
    return { ...locate(labels[0] ?? "", request.path), endpoint: request.origin, query };
  }
  const [, account = "", rest = "/"] = /^\/([^/]*)(\/.*)?$/s.exec(request.path) ?? [];
  return { ...locate(account, rest), endpoint: `${request.origin}/${account}`, query };
}

function locate(
  account: string,
  rawPath: string,
): Pick<BlobAddress, "account" | "rawPath" | "container" | "blob"> {
  const [, container = "", blob = ""] = /^\/([^/]*)(?:\/(.*))?$/s.exec(decoded(rawPath)) ?? [];
  return {
    account: account.replace(/-secondary$/, ""),
    rawPath,
    container: container === "" ? undefined : container,
    blob: blob === "" ? undefined : blob,
  };
}

/** The host of an origin, without the port and the brackets of IPv6. */
export function hostnameOf(origin: string): string {
  const host = origin.replace(/^[a-z]+:\/\//i, "");
  return host.startsWith("[") ? host.slice(1, host.indexOf("]")) : host.replace(/:\d+$/, "");
}

function queryOf(query: string): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  for (const part of query.split("&")) {
    if (part !== "") {
      const at = part.indexOf("=");
      const name = decoded(at < 0 ? part : part.slice(0, at)).toLowerCase();
      const value = at < 0 ? "" : decoded(part.slice(at + 1).replaceAll("+", "%20"));
      const former = values.get(name);
      values.set(name, former === undefined ? value : `${former},${value}`);
    }
  }
  return values;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new Refusal("InvalidUri");
  }
}
