import { BlockList, isIP } from "node:net";
import { Failure } from "../../errors/error.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The proxy for requests to `origin`, or undefined for none: HTTPS_PROXY, HTTP_PROXY and NO_PROXY as Go programs
 * read them (golang.org/x/net/http/httpproxy), since the same settings must work for Velero and for its plugin.
 * Never for this very host. Throws `Failure` InvalidArgument for a proxy that is not http or https.
 */
export function findProxy(origin: string, environment: Environment): URL | undefined {
  const target = new URL(origin);
  const secure = target.protocol === "https:";
  const variable = secure ? "HTTPS_PROXY" : "HTTP_PROXY";
  const text = (environment[variable] || environment[variable.toLowerCase()] || "").trim();
  if (text === "" || isExempt(target, environment["NO_PROXY"] || environment["no_proxy"] || "")) {
    return undefined;
  }
  const proxy = URL.parse(text.includes("://") ? text : `http://${text}`);
  const usable = proxy?.protocol === "http:" || proxy?.protocol === "https:";
  if (proxy === null || !usable || !decodes(proxy.username + proxy.password)) {
    const reason = usable
      ? "its user or password has a % that escapes nothing"
      : "it is not an http or https address";
    // The value stays out of the message: it may hold a password.
    throw new Failure("InvalidArgument", `cannot use the proxy of ${variable}: ${reason}`, {
      hint: `set ${variable} to an address like http://proxy.example.com:3128`,
    });
  }
  return proxy;
}

function decodes(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}

function isExempt(target: URL, noProxy: string): boolean {
  const host = target.hostname
    .toLowerCase()
    .replace(/^\[|\]$/g, "")
    .replace(/\.$/, "");
  if (host === "localhost" || contains("127.0.0.0", 8, host) || contains("::1", 128, host)) {
    return true;
  }
  const port = target.port || (target.protocol === "https:" ? "443" : "80");
  return noProxy.split(",").some((entry) => matches(entry.trim().toLowerCase(), host, port));
}

/** One entry of NO_PROXY: `*`, a network, an address or a name with its subdomains, the last two with or without a port. */
function matches(entry: string, host: string, port: string): boolean {
  if (entry === "") {
    return false;
  }
  if (entry === "*") {
    return true;
  }
  const network = /^([0-9a-f.:]+)\/(\d{1,3})$/.exec(entry);
  if (network?.[1] !== undefined && network[2] !== undefined) {
    return contains(network[1], Number(network[2]), host);
  }
  const { name, port: wanted } = splitPort(entry);
  if (wanted !== undefined && wanted !== port) {
    return false;
  }
  if (isIP(name) !== 0) {
    return contains(name, isIP(name) === 4 ? 32 : 128, host);
  }
  const domain = name.startsWith("*.") ? name.slice(1) : name;
  return domain.startsWith(".") ? host.endsWith(domain) : host === domain || host.endsWith(`.${domain}`);
}

function splitPort(entry: string): { name: string; port: string | undefined } {
  const split = isIP(entry) === 6 ? null : /^(.*):(\d+)$/.exec(entry);
  const name = split?.[1] ?? entry;
  return { name: name.replace(/^\[|\]$/g, ""), port: split?.[2] };
}

function contains(network: string, bits: number, address: string): boolean {
  const family = isIP(network);
  if (family === 0 || family !== isIP(address) || bits > (family === 4 ? 32 : 128)) {
    return false;
  }
  const type = family === 4 ? "ipv4" : "ipv6";
  const list = new BlockList();
  list.addSubnet(network, bits, type);
  return list.check(address, type);
}
