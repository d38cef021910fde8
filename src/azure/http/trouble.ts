import { TransportError, type TransportTrouble } from "./transport.ts";

const issuerCodes = new Set([
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
]);

const certificateCodes = new Set([
  ...issuerCodes,
  "UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY",
  "HOSTNAME_MISMATCH",
  "INVALID_CA",
  "INVALID_PURPOSE",
  "PATH_LENGTH_EXCEEDED",
  "ERR_TLS_CERT_ALTNAME_INVALID",
  "ERR_TLS_CERT_ALTNAME_FORMAT",
]);

const connectCodes = new Set([
  "ECONNREFUSED",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "EHOSTDOWN",
  "ENETDOWN",
  "EADDRNOTAVAIL",
  "EACCES",
  "EPERM",
]);

const invalidCodes = new Set([
  "ERR_INVALID_CHAR",
  "ERR_UNESCAPED_CHARACTERS",
  "ERR_HTTP_INVALID_HEADER_VALUE",
  "ERR_INVALID_HTTP_TOKEN",
  "ERR_INVALID_ARG_VALUE",
  "ERR_INVALID_ARG_TYPE",
  "ERR_SOCKET_BAD_PORT",
]);

export interface TroubleContext {
  readonly host: string;
  /** The connection stood already. */
  readonly connected: boolean;
  readonly staleConnection?: boolean;
}

/**
 * Whether the certificate failed for want of its issuer, so that trusting more roots may help; not for its name or its
 * time.
 */
export function lacksIssuer(error: TransportError): boolean {
  return error.trouble === "certificate" && issuerCodes.has(errorCode(error.cause));
}

/** Sorts what Node's net, tls and http throw. A `TransportError` stays as it is. */
export function transportTrouble(error: unknown, context: TroubleContext): TransportError {
  if (error instanceof TransportError) {
    return error;
  }
  const { host } = context;
  const code = errorCode(error);
  const trouble = troubleOf(code, error, context);
  return new TransportError(trouble, host, reasons[trouble](host, code, error), {
    cause: error,
    staleConnection: trouble === "broken" && context.staleConnection === true,
  });
}

/**
 * The same trouble of a request that goes through a proxy: what has no address or accepts no connection is the proxy
 * then, not the host that was asked for.
 */
export function throughProxy(error: TransportError, proxy: string): TransportError {
  const { trouble, host, cause } = error;
  const code = errorCode(cause);
  if (trouble === "resolve") {
    return new TransportError("proxy", host, `the proxy's host name "${proxy}" has no address`, { cause });
  }
  if (trouble === "resolve-again") {
    return new TransportError(trouble, host, `the name service did not answer for the proxy "${proxy}"`, {
      cause,
    });
  }
  return trouble === "connect" && connectCodes.has(code)
    ? new TransportError(trouble, host, `no connection to the proxy "${proxy}" (${code})`, { cause })
    : error;
}

function troubleOf(code: string, error: unknown, context: TroubleContext): TransportTrouble {
  if (code === "ENOTFOUND") {
    return "resolve";
  }
  if (code.startsWith("EAI_")) {
    return "resolve-again";
  }
  if (connectCodes.has(code) || (code === "ETIMEDOUT" && !context.connected)) {
    return "connect";
  }
  if (code === "ERR_PROXY_TUNNEL") {
    // A proxy that is itself in trouble (502, 503, no answer at all) may connect the next time.
    const status = statusOf(error);
    return status !== undefined && status < 500 ? "proxy" : "connect";
  }
  if (certificateCodes.has(code) || code.startsWith("CERT_") || code.startsWith("CRL_")) {
    return "certificate";
  }
  if (invalidCodes.has(code)) {
    return "invalid";
  }
  return code === "EPROTO" || code.startsWith("ERR_SSL_") || code.startsWith("ERR_TLS_") ? "tls" : "broken";
}

const reasons: Readonly<Record<TransportTrouble, (host: string, code: string, error: unknown) => string>> = {
  resolve: (host) => `the host name "${host}" has no address`,
  "resolve-again": (host) => `the name service did not answer for "${host}"`,
  connect: (host, code, error) =>
    code === "ERR_PROXY_TUNNEL" ? proxyReason(error) : `no connection to "${host}" (${code})`,
  proxy: (_host, _code, error) => proxyReason(error),
  certificate: (host, code) =>
    code.startsWith("ERR_TLS_CERT_ALTNAME") || code === "HOSTNAME_MISMATCH"
      ? `the certificate of "${host}" is for another name (${code})`
      : code === "CERT_HAS_EXPIRED" || code === "CERT_NOT_YET_VALID"
        ? `the certificate of "${host}" is not valid at this time (${code})`
        : `the certificate of "${host}" is not trusted (${code})`,
  tls: (host, code) => `no TLS with "${host}" (${code})`,
  broken: (host, code) => `the connection to "${host}" broke off${code === "" ? "" : ` (${code})`}`,
  idle: (host) => `"${host}" sent nothing for too long`,
  deadline: (host) => `"${host}" took too long`,
  invalid: (_host, code) => `the request cannot be sent (${code})`,
};

function proxyReason(error: unknown): string {
  const text = error instanceof Error ? error.message : "";
  return `the proxy did not connect: ${text.charAt(0).toLowerCase()}${text.slice(1)}`;
}

function errorCode(error: unknown): string {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";
}

function statusOf(error: unknown): number | undefined {
  return error instanceof Error && "statusCode" in error && typeof error.statusCode === "number"
    ? error.statusCode
    : undefined;
}
