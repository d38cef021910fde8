import type { Identity, IdentityProof, ManagedIdentityProof } from "../../credentials/identity.ts";
import { systemClock } from "../http/pipeline.ts";
import type { Acquired, TokenRequest, TokenSourceSettings } from "./sign-in.ts";
import { TokenCache } from "./token-cache.ts";
import type { TokenSource } from "./token-source.ts";

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
