import { canceled, type ErrorCode, Failure } from "../../errors/error.ts";
import { transportTrouble } from "../http/trouble.ts";
import type { TransportError, TransportTrouble } from "../http/transport.ts";
import type { ServiceError } from "./service-error.ts";
import { describeOperation, type Operation } from "../blob/operation.ts";
import { serviceRules, unknownRule } from "./service-rules.ts";

/** The Failure for an answer that is an error. `now` tells a clock that is wrong from a key that is wrong. */
export function serviceFailure(operation: Operation, error: ServiceError, now: number): Failure {
  const rule = serviceRules.get(error.code ?? "") ?? unknownRule;
  const { code, reason, hint, retryable } = rule(error, operation, now);
  const id = error.requestId === undefined ? "" : `, request ID ${error.requestId}`;
  const trail = error.code === undefined ? ` (HTTP ${error.status}${id})` : ` (${error.code}${id})`;
  return new Failure(code, `${describeOperation(operation)}: ${reason}${trail}`, { hint, retryable });
}

/**
 * The Failure for anything thrown while a request ran or its answer was read: Canceled when the signal fired, an
 * existing Failure as it is.
 */
export function networkFailure(operation: Operation, error: unknown, signal?: AbortSignal): Failure {
  if (signal?.aborted === true) {
    return canceled(describeOperation(operation), signal.reason);
  }
  return explained(describeOperation(operation), operation.host, error, storageHints);
}

/** The same for a request that has no operation of the blob service: `what` is `cannot do X with "name"`. */
export function transportFailure(what: string, host: string, error: unknown): Failure {
  return explained(what, host, error, {});
}

function explained(what: string, host: string, error: unknown, hints: Hints): Failure {
  if (error instanceof Failure) {
    return error;
  }
  const trouble = transportTrouble(error, { host, connected: true });
  const { code, retryable, hint } = networkRules[trouble.trouble];
  return new Failure(code, `${what}: ${trouble.message}`, {
    cause: trouble,
    retryable,
    hint: (hints[trouble.trouble] ?? hint)(trouble),
  });
}

type Hints = { readonly [Trouble in TransportTrouble]?: NetworkRule["hint"] };

/** What is otherwise for the host of a storage account. */
const storageHints: Hints = {
  resolve: ({ host }) =>
    `check the name of the storage account, and that "${host}" can be resolved from here; with a private endpoint, its private DNS zone must be linked to this cluster's network`,
};

interface NetworkRule {
  readonly code: ErrorCode;
  readonly retryable: boolean;
  readonly hint: (error: TransportError) => string | undefined;
}

const unreachable = ({ host }: TransportError): string =>
  `check that the endpoint "${host}" is right and can be reached from here: DNS, firewall, private endpoint, proxy`;

const networkRules: Readonly<Record<TransportTrouble, NetworkRule>> = {
  resolve: { code: "Unavailable", retryable: false, hint: unreachable },
  "resolve-again": { code: "Unavailable", retryable: true, hint: unreachable },
  connect: { code: "Unavailable", retryable: true, hint: unreachable },
  proxy: {
    code: "FailedPrecondition",
    retryable: false,
    hint: ({ host }) => `check HTTPS_PROXY, or except "${host}" from it by NO_PROXY`,
  },
  certificate: {
    code: "FailedPrecondition",
    retryable: false,
    hint: ({ host }) =>
      `if "${host}" is right and its certificate is from an authority of your own, give that authority's certificate as caCert`,
  },
  tls: {
    code: "FailedPrecondition",
    retryable: false,
    hint: ({ host }) => `check that "${host}" speaks https, TLS 1.2 or later, on that port`,
  },
  broken: { code: "Unavailable", retryable: true, hint: () => undefined },
  idle: { code: "Unavailable", retryable: true, hint: unreachable },
  deadline: { code: "DeadlineExceeded", retryable: true, hint: unreachable },
  invalid: { code: "InvalidArgument", retryable: false, hint: () => undefined },
};
