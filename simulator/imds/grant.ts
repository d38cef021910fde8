import type { SimulatedClock } from "../core/clock.ts";
import { effectOf, skewed } from "../core/effects.ts";
import type { FaultEffect, FaultQueue } from "../core/faults.ts";
import type { Principal } from "../core/principals.ts";
import type { SignedAccessTokens } from "../core/signed-access-tokens.ts";
import type { Machine } from "./machine.ts";

export interface ManagedIdentityOptions {
  readonly clock: SimulatedClock;
  readonly faults: FaultQueue;
  readonly tokens: SignedAccessTokens;
  /** Asked at each request: identities are assigned and withdrawn. */
  readonly machine: () => Machine;
  /** Audiences that tokens can be had for, besides those of the public clouds. */
  readonly resources?: readonly string[] | undefined;
}

const LONG_AGO_MILLISECONDS = 24 * 60 * 60 * 1000;

/** What both services answer: numbers as strings. */
export interface ManagedIdentityGrant {
  readonly access_token: string;
  readonly client_id: string;
  readonly expires_in: string;
  /** Seconds since 1970. */
  readonly expires_on: string;
  readonly not_before: string;
  readonly resource: string;
  readonly token_type: "Bearer";
}

export async function grantTo(
  principal: Principal,
  resource: string,
  effects: readonly FaultEffect[],
  { clock, tokens }: ManagedIdentityOptions,
): Promise<ManagedIdentityGrant> {
  const age = effectOf(effects, "expire-token") === undefined ? 0 : LONG_AGO_MILLISECONDS;
  const { token, expiresInSeconds } = await tokens.issueBefore(principal, resource, age);
  const now = Math.floor(skewed(clock.now(), effects) / 1000);
  return {
    access_token: token,
    client_id: principal.clientId,
    expires_in: String(expiresInSeconds),
    expires_on: String(now + expiresInSeconds),
    not_before: String(now - 300),
    resource,
    token_type: "Bearer",
  };
}
