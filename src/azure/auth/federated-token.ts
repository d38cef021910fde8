import { quote } from "../../config/quote.ts";
import { readSmallFile } from "../../config/small-file.ts";
import { isWellKnownAuthority } from "../../credentials/cloud.ts";
import { Failure } from "../../errors/error.ts";
import { Secret } from "../../secret/secret.ts";
import type { Claims } from "./application.ts";
import { readClaims } from "./jwt.ts";

/**
 * The service account's token as its file holds it now: kubelet writes a new one long before the old one expires.
 * Throws `Failure`: InvalidArgument that names the file when it cannot be read or holds no token, Unauthenticated when
 * the token has expired. Source: Kubernetes, "Service account token volume projection".
 */
export function readFederatedToken(
  path: string,
  what: string,
  now: number,
): { readonly token: Secret; readonly claims: Claims } {
  const where = `the service account token in AZURE_FEDERATED_TOKEN_FILE ${quote(path)}`;
  const token = new Secret(readText(path, `${what}: ${where}`));
  const claims = readClaims(token);
  const expires = claims?.["exp"];
  if (claims === undefined || typeof expires !== "number") {
    const reason = token.reveal() === "" ? "is empty" : "is not a JWT";
    throw new Failure("InvalidArgument", `${what}: ${where} ${reason}`, {
      hint: "the file must be a projected service account token with audience api://AzureADTokenExchange",
    });
  }
  if (expires * 1000 <= now) {
    throw new Failure(
      "Unauthenticated",
      `${what}: ${where} expired at ${new Date(expires * 1000).toISOString()}; it is now ${new Date(now).toISOString()} by this machine's clock`,
      {
        hint: "kubelet should have replaced it: check that the file is the projected volume itself and no copy of it, and that the clock is right",
      },
    );
  }
  return { token, claims: shown(claims) };
}

/**
 * Throws unless the token may be shown to the authority. Whoever may write a location and its credentials file chooses
 * both, and the pod's other token is Velero's own at the Kubernetes API: its audience there is the API's name or, by
 * default, the issuer's (source: Kubernetes, "Managing Service Accounts", `--api-audiences`).
 */
export function refuseApiToken({ issuer, audience }: Claims, authority: string, what: string): void {
  const opensApi = audience
    .split(" ")
    .some((name) => name === issuer || /^(https:\/\/)?kubernetes\.default\b/.test(name));
  if (opensApi && !isWellKnownAuthority(authority)) {
    throw new Failure(
      "FailedPrecondition",
      `${what}: the service account token in AZURE_FEDERATED_TOKEN_FILE opens the Kubernetes API, and "${authority}" is none of Microsoft Entra's own authorities`,
      { hint: "name a projected token whose audience is api://AzureADTokenExchange" },
    );
  }
}

function readText(path: string, what: string): string {
  const reading = readSmallFile(path);
  if ("problem" in reading) {
    throw new Failure("InvalidArgument", `${what} ${reading.problem}`, {
      hint: "the pod must be labelled azure.workload.identity/use, or mount a service account token at that path; for node-agent, too",
      cause: reading.cause,
    });
  }
  return reading.value.toString("utf8").trim();
}

/** Whom the token speaks of: no secret, and what a remedy needs. */
function shown(claims: Readonly<Record<string, unknown>>): Claims {
  const text = (value: unknown): string =>
    typeof value === "string" ? value : Array.isArray(value) ? value.join(" ") : "";
  return { issuer: text(claims["iss"]), subject: text(claims["sub"]), audience: text(claims["aud"]) };
}
