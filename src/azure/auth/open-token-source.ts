import type { Identity, IdentityProof, ManagedIdentityProof } from "../../credentials/identity.ts";
import type { Logger } from "../../log/logger.ts";
import type { CloudSource } from "../clouds.ts";
import type { Clock } from "../http/pipeline.ts";
import type { RetryPolicy } from "../http/retry.ts";
import type { HttpTransport } from "../http/transport.ts";
import { systemClock } from "../http/pipeline.ts";
import { type Acquired, TokenCache, type TokenRequest } from "./token-cache.ts";
import type { TokenSource } from "./token-source.ts";

export interface TokenSourceSettings {
  /** Whose authority is asked; a managed identity never looks at it. */
  readonly cloud: CloudSource;
  /** Sends requests to the authority; may be the one that serves the location's other requests. */
  readonly transport: HttpTransport;
  /**
   * Sends requests to the machine's own metadata service; absent: a transport of its own, made with the first
   * request, that knows no proxy.
   */
  readonly machineTransport?: HttpTransport | undefined;
  readonly logger: Logger;
  /** `velero-azure/VERSION`. */
  readonly userAgent: string;
  readonly retry?: Partial<RetryPolicy> | undefined;
  readonly clock?: Clock | undefined;
}

/** The tokens of a location's identity. Makes no request and reads no file; loads a method with its first token. */
export function openTokenSource(identity: Identity, settings: TokenSourceSettings): TokenSource {
  const { logger, clock = systemClock } = settings;
  const acquire = async (request: TokenRequest, signal: AbortSignal): Promise<Acquired> => {
    const proof = identity.proof();
    return proof.method === "managed identity"
      ? acquireFromMachine(proof, request, settings, signal)
      : acquireFromAuthority(proof, request, settings, signal);
  };
  return new TokenCache({ acquire, logger, now: clock.now });
}

async function acquireFromMachine(
  proof: ManagedIdentityProof,
  request: TokenRequest,
  settings: TokenSourceSettings,
  signal: AbortSignal,
): Promise<Acquired> {
  const { machineToken } = await import("./managed-identity.ts");
  return machineToken(proof, request, settings, signal);
}

async function acquireFromAuthority(
  proof: Exclude<IdentityProof, ManagedIdentityProof>,
  request: TokenRequest,
  settings: TokenSourceSettings,
  signal: AbortSignal,
): Promise<Acquired> {
  const { authorityToken } = await import("./authority.ts");
  return authorityToken(proof, request, settings, signal);
}
