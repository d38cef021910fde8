import { Failure } from "../../errors/error.ts";
import type { Logger } from "../../log/logger.ts";
import { field, textField } from "../resource-manager/json.ts";
import type { ApplicationProof, Refusal, RefusalContext } from "./application.ts";
import { entraRules } from "./entra-rules.ts";
import type { ProviderAnswer } from "./provider.ts";

/**
 * The Failure for an answer that is no token. Its code and remedy depend on the AADSTS number alone (source:
 * "Microsoft Entra authentication and authorization error codes"); one that is not known keeps its own sentence. What
 * only Microsoft's support can use, the IDs of trace and correlation, is logged at debug.
 */
export function entraFailure(context: RefusalContext, answer: ProviderAnswer, logger: Logger): Failure {
  const { document, status } = answer;
  const description = textField(document, "error_description") ?? "";
  const number = /\bAADSTS(\d+)\b/.exec(description)?.[1] ?? firstCode(document);
  logger.log("debug", "the identity provider refused to sign in", {
    status,
    error: textField(document, "error"),
    code: number === undefined ? undefined : `AADSTS${number}`,
    suberror: textField(document, "suberror"),
    traceId: textField(document, "trace_id"),
    correlationId: textField(document, "correlation_id"),
    timestamp: textField(document, "timestamp"),
  });
  const trail = number === undefined ? `HTTP ${status}` : `AADSTS${number}`;
  const passing =
    status === 429 || status >= 500 || textField(document, "error") === "temporarily_unavailable";
  if (passing) {
    const wait = answer.headers["retry-after"]?.trim() ?? "";
    const when = /^\d{1,9}$/.test(wait) ? `, it asks to come back in ${wait} s` : "";
    const reason =
      status === 429
        ? `too many sign-ins for now${when}`
        : `the identity provider cannot answer for now${when}`;
    const code = status === 429 ? "ResourceExhausted" : "Unavailable";
    return new Failure(code, `${context.what}: ${reason} (${trail})`, { retryable: true });
  }
  const refusal = entraRules.get(number ?? "")?.(context) ?? unknown(context, answer, description);
  return new Failure(refusal.code, `${context.what}: ${refusal.reason} (${trail})`, { hint: refusal.hint });
}

function firstCode(document: unknown): string | undefined {
  const codes = field(document, "error_codes");
  const first: unknown = Array.isArray(codes) ? codes[0] : undefined;
  return typeof first === "number" ? String(first) : undefined;
}

function unknown(
  context: RefusalContext,
  { document, status }: ProviderAnswer,
  description: string,
): Refusal {
  const { origin, adfs } = context.endpoint;
  const error = textField(document, "error");
  if (error === undefined) {
    return {
      code: "FailedPrecondition",
      reason:
        status === 200
          ? `"${origin}" answered without a token`
          : `"${origin}" does not answer as an identity provider does`,
      hint: "check activeDirectoryAuthorityURI, AZURE_CLOUD_NAME and AZURE_TENANT_ID, and that no proxy answers in its place",
    };
  }
  const provider = adfs ? "AD FS" : "Microsoft Entra";
  const text = sentence(description, context.proof);
  return { code: "Unauthenticated", reason: `${provider} says: ${text === "" ? error : text}` };
}

/** Without number and trail, on one line, not without end; and never with the secret, should it be quoted. */
function sentence(description: string, proof: ApplicationProof): string {
  const text = (description.split(/\s*Trace ID:/)[0] ?? "")
    .replace(/^AADSTS\d+:\s*/, "")
    .replaceAll(/\s+/g, " ")
    .trim();
  const safe = proof.method === "client secret" ? text.replaceAll(proof.secret.reveal(), "[redacted]") : text;
  return safe.slice(0, 300).replace(/\.$/, "");
}
