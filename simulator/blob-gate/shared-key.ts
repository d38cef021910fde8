import type { SimulatedRequest } from "../http/message.ts";
import type { Admission, Call } from "./caller.ts";
import { authenticationFailed, Refusal } from "./refusal.ts";
import { isSignedBy } from "./signature.ts";

const MAX_SKEW = 15 * 60 * 1000;

/**
 * SharedKey and SharedKeyLite.
 * Source: learn.microsoft.com/rest/api/storageservices/authorize-with-shared-key.
 */
export function admitSharedKey(call: Call): Admission {
  const { request, account, address } = call;
  const given = /^(SharedKey|SharedKeyLite) ([^:\s]+):(\S+)$/.exec(request.headers["authorization"] ?? "");
  if (given === null) {
    throw new Refusal("InvalidAuthenticationInfo", {
      status: 400,
      message:
        "Authentication information is not given in the correct format. Check the value of Authorization header.",
    });
  }
  const [, scheme, name, presented = ""] = given;
  if (!account.allowSharedKeyAccess) {
    throw new Refusal("KeyBasedAuthenticationNotPermitted");
  }
  checkDate(call);
  const resource = { account: account.name, path: request.path, query: address.query };
  const texts = (scheme === "SharedKey" ? stringsToSign : liteStringsToSign)(request, resource);
  if (name !== account.name || !isSignedBy(account.keys, texts, presented)) {
    throw authenticationFailed(
      `The MAC signature found in the HTTP request '${presented}' is not the same as any computed signature. ` +
        `Server used following string to sign: '${texts[0]}'.`,
    );
  }
  if (call.operation.name === "GetUserDelegationKey") {
    throw authenticationFailed("Only authentication scheme Bearer is supported.");
  }
  return { onlyNew: false, anonymous: false };
}

function checkDate({ request, now }: Call): void {
  const text = request.headers["x-ms-date"] ?? request.headers["date"];
  if (text === undefined) {
    throw authenticationFailed("Request date header not specified.");
  }
  const date = Date.parse(text);
  if (Number.isNaN(date)) {
    throw authenticationFailed("The Date header in the request is incorrect.");
  }
  if (date < now - MAX_SKEW) {
    throw authenticationFailed(`Request date header too old: '${text}'`);
  }
  if (date > now + MAX_SKEW) {
    throw authenticationFailed(`Request date header is too far in the future: '${text}'`);
  }
}

/** What the signature of a resource covers, in both styles of addressing: the account's name, then the path as sent. */
interface SignedResource {
  readonly account: string;
  readonly path: string;
  readonly query: ReadonlyMap<string, string>;
}

const signedHeaders = [
  "content-encoding",
  "content-language",
  "content-length",
  "content-md5",
  "content-type",
  "date",
  "if-modified-since",
  "if-match",
  "if-none-match",
  "if-unmodified-since",
  "range",
];

function stringsToSign(request: SimulatedRequest, resource: SignedResource): string[] {
  const plain = signedHeaders.map((name) => {
    const value = request.headers[name] ?? "";
    const silent =
      (name === "content-length" && value === "0") ||
      (name === "date" && request.headers["x-ms-date"] !== undefined);
    return silent ? "" : value;
  });
  const query = [...resource.query].sort(([a], [b]) => byCodeUnit(a, b));
  const canonical = query.map(([name, value]) => `\n${name}:${sortedValues(value)}`).join("");
  return withHeaders([request.method, ...plain], request, `/${resource.account}${resource.path}${canonical}`);
}

function liteStringsToSign(request: SimulatedRequest, resource: SignedResource): string[] {
  const { headers } = request;
  const date = headers["x-ms-date"] === undefined ? (headers["date"] ?? "") : "";
  const lines = [request.method, headers["content-md5"] ?? "", headers["content-type"] ?? "", date];
  const comp = resource.query.get("comp");
  const suffix = comp === undefined ? "" : `?comp=${comp}`;
  return withHeaders(lines, request, `/${resource.account}${resource.path}${suffix}`);
}

/**
 * Clients sort the x-ms- headers by code unit or by the rules of a language, which differ for `-` and `_`; the service
 * sorts as .NET does. Either order is taken.
 */
function withHeaders(lines: readonly string[], request: SimulatedRequest, resource: string): string[] {
  const headers = Object.entries(request.headers).filter(([name]) => name.startsWith("x-ms-"));
  const orders = [byCodeUnit, byLanguage];
  return orders.map((order) => {
    const sorted = headers.toSorted(([a], [b]) => order(a, b));
    const canonical = sorted.map(([name, value]) => `${name}:${value.trim()}\n`).join("");
    return `${lines.join("\n")}\n${canonical}${resource}`;
  });
}

function sortedValues(value: string): string {
  return value.includes(",") ? value.split(",").sort(byCodeUnit).join(",") : value;
}

function byCodeUnit(a: string, b: string): number {
  if (a === b) {
    return 0;
  }
  return a < b ? -1 : 1;
}

function byLanguage(a: string, b: string): number {
  return a.localeCompare(b, "en");
}
