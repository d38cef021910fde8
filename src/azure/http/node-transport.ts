import type { Agent, ClientRequest, RequestOptions } from "node:http";
import type { Agent as SecureAgent } from "node:https";
import type { SecureContext } from "node:tls";
import { EarlyConnection } from "./early-connection.ts";
import { exchange } from "./exchange.ts";
import { LandingSockets } from "./landing.ts";
import { type Environment, findProxy } from "./proxy.ts";
import { trustedRoots } from "./roots.ts";
import {
  type HttpRequest,
  type HttpResponse,
  type HttpTransport,
  TransportError,
  type TransportTimeouts,
} from "./transport.ts";
import { lacksIssuer, throughProxy } from "./trouble.ts";

/**
 * The service itself gives up on an operation after 30 to 90 s, so that a minute without a byte means that nobody
 * is there any more (source: "Setting timeouts for Blob service operations").
 */
export const defaultTimeouts: TransportTimeouts = { connect: 10_000, idle: 60_000, deadline: 120_000 };

/** Plain data, so that a worker thread can be given them. */
export interface NodeTransportSettings {
  /** PEM certificates trusted beside the system's. */
  readonly caCert?: string | undefined;
  /** Of which HTTPS_PROXY, HTTP_PROXY, NO_PROXY (or in lower case), SSL_CERT_FILE and SSL_CERT_DIR are read. */
  readonly environment: Environment;
  readonly timeouts?: Partial<TransportTimeouts> | undefined;
}

/** How one origin is spoken to. `widen` trusts more roots, once; false when there are no more. */
interface Route {
  agent: Agent;
  /** Of the agent; plain http has none, since connecting is all that it would spare. */
  early?: EarlyConnection | undefined;
  readonly host: string;
  /** The host of the proxy on the way. */
  proxy?: string | undefined;
  open(request: HttpRequest, options: RequestOptions): ClientRequest;
  widen(): boolean;
}

/** A transport on node:http and node:https. Loads them, and reads trusted roots, at the first request. */
export class NodeTransport implements HttpTransport {
  readonly #settings: NodeTransportSettings;
  readonly #timeouts: TransportTimeouts;
  readonly #landings = new LandingSockets();
  readonly #routes = new Map<string, Route>();
  #active = 0;
  #closed = false;

  constructor(settings: NodeTransportSettings) {
    this.#settings = settings;
    this.#timeouts = { ...defaultTimeouts, ...settings.timeouts };
  }

  async send(request: HttpRequest, signal: AbortSignal): Promise<HttpResponse> {
    signal.throwIfAborted();
    const route = this.#route(request.origin);
    const agent = route.agent;
    try {
      return await this.#exchange(route, request, signal);
    } catch (error) {
      const distrusted = error instanceof TransportError && lacksIssuer(error);
      // Nothing was sent yet, so this is the same attempt. Another request may have widened the roots meanwhile.
      if (distrusted && (route.agent !== agent || route.widen())) {
        return await this.#exchange(route, request, signal);
      }
      const { proxy } = route;
      throw proxy !== undefined && error instanceof TransportError ? throughProxy(error, proxy) : error;
    }
  }

  expect(origin: string): void {
    if (this.#closed) {
      return;
    }
    try {
      this.#route(origin).early?.open();
    } catch {
      // A proxy that cannot be used, for instance: the request will tell.
    }
  }

  close(): void {
    this.#closed = true;
    if (this.#active === 0) {
      for (const route of this.#routes.values()) {
        route.early?.close();
        route.agent.destroy();
      }
    }
  }

  #exchange(route: Route, request: HttpRequest, signal: AbortSignal): Promise<HttpResponse> {
    this.#active++;
    return exchange({
      host: route.host,
      timeouts: this.#timeouts,
      deadlineMilliseconds: request.deadlineMilliseconds ?? this.#timeouts.deadline,
      body: request.body,
      signal,
      expect: (socket) =>
        request.into === undefined ? undefined : this.#landings.expect(socket, request.into),
      open: () => route.open(request, requestOptions(request, route.agent)),
      ended: () => {
        this.#active--;
        if (this.#closed) {
          this.close();
        }
      },
    });
  }

  #route(origin: string): Route {
    let route = this.#routes.get(origin);
    if (route === undefined) {
      const proxy = findProxy(origin, this.#settings.environment);
      route = origin.startsWith("https:")
        ? this.#secureRoute(origin, proxy)
        : plainRoute(origin, proxy, this.#landings);
      route.proxy = proxy?.hostname;
      this.#routes.set(origin, route);
    }
    return route;
  }

  #secureRoute(origin: string, proxy: URL | undefined): Route {
    const https = process.getBuiltinModule("node:https");
    const tls = process.getBuiltinModule("node:tls");
    const { caCert, environment } = this.#settings;
    const roots = trustedRoots(caCert, environment, () => tls.rootCertificates);
    const target = address(origin, 443);
    const context = (ca: readonly string[]): SecureContext =>
      tls.createSecureContext({ minVersion: "TLSv1.2", ca: [...ca] });
    const agent = (ca: readonly string[]): SecureAgent => {
      const options = {
        ...agentOptions,
        secureContext: context(ca),
        // Said here, since the environment (NODE_TLS_REJECT_UNAUTHORIZED) could say otherwise.
        rejectUnauthorized: true,
      };
      return proxy === undefined
        ? this.#landings.equip(new https.Agent(options))
        : new https.Agent({ ...options, proxyEnv: { HTTPS_PROXY: proxy.href } });
    };
    const first = agent(roots.first);
    let wider = (): readonly string[] | undefined => roots.all();
    return {
      agent: first,
      early: new EarlyConnection(first, target, proxy !== undefined),
      host: target.host,
      open: (_request, options) => https.request({ ...options, ...target }),
      widen(): boolean {
        const all = wider();
        wider = () => undefined;
        if (all !== undefined) {
          this.early?.close();
          this.early = undefined;
          this.agent = agent(all);
        }
        return all !== undefined;
      },
    };
  }
}

const agentOptions = {
  keepAlive: true,
  maxFreeSockets: 32,
  scheduling: "lifo",
  // Node's quarter of a second between a name's addresses is too short for a far region.
  autoSelectFamilyAttemptTimeout: 2_000,
} as const;

/**
 * Plain http, directly or through a proxy. Node's own proxy support parses the address anew and would fold a key's
 * `..` segments, so that the absolute form is written here.
 */
function plainRoute(origin: string, proxy: URL | undefined, landings: LandingSockets): Route {
  const http = process.getBuiltinModule("node:http");
  const agent = landings.equip(new http.Agent(agentOptions));
  const target = address(origin, 80);
  if (proxy === undefined) {
    return {
      agent,
      host: target.host,
      open: (_request, options) => http.request({ ...options, ...target }),
      widen: () => false,
    };
  }
  if (proxy.protocol !== "http:") {
    throw new TransportError(
      "invalid",
      target.host,
      `plain http through a proxy that speaks https is not supported`,
    );
  }
  const credentials = `${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`;
  const extra: Record<string, string> = { host: new URL(origin).host };
  if (credentials !== ":") {
    extra["proxy-authorization"] = `Basic ${Buffer.from(credentials).toString("base64")}`;
  }
  const hop = address(proxy.origin, 80);
  return {
    agent,
    host: target.host,
    open: (request, options) =>
      http.request({
        ...options,
        ...hop,
        path: origin + (options.path ?? ""),
        headers: { ...request.headers, ...lengthOf(request), ...extra },
      }),
    widen: () => false,
  };
}

function requestOptions(request: HttpRequest, agent: Agent): RequestOptions {
  return {
    agent,
    method: request.method,
    path: request.query === "" ? request.path : `${request.path}?${request.query}`,
    headers: { ...request.headers, ...lengthOf(request) },
  };
}

function lengthOf(request: HttpRequest): Record<string, string> {
  const bodyless = request.method === "GET" || request.method === "HEAD" || request.method === "DELETE";
  return request.body === undefined && bodyless
    ? {}
    : { "content-length": String(request.body?.byteLength ?? 0) };
}

function address(origin: string, defaultPort: number): { host: string; port: number; servername?: string } {
  const url = new URL(origin);
  const host = url.hostname.replace(/^\[|\]$/g, "");
  return { host, port: url.port === "" ? defaultPort : Number(url.port), servername: serverName(host) };
}

/** The name for TLS: none for addresses, which SNI does not know (RFC 6066, section 3). */
function serverName(host: string): string {
  return process.getBuiltinModule("node:net").isIP(host) === 0 ? host : "";
}
