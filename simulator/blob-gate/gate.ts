import { randomBytes } from "node:crypto";
import type { AccessControl } from "../core/access.ts";
import type { AccessTokens } from "../core/access-tokens.ts";
import type { SimulatedClock } from "../core/clock.ts";
import type { FaultQueue } from "../core/faults.ts";
import type { Handler, SimulatedRequest, SimulatedResponse } from "../http/message.ts";
import { accessPoliciesIn } from "./access-policies.ts";
import { type BlobAccounts, letsIn } from "./accounts.ts";
import { blobAddress } from "./address.ts";
import { admitAnonymous, anonymousRefusal, hidesFromAnonymous } from "./anonymous.ts";
import { admitBearer } from "./bearer.ts";
import type { AccessPolicy, Admission, Authorities, Call } from "./caller.ts";
import { checkedBody } from "./checksum.ts";
import { answerDelegationKey, delegationKeys } from "./delegation-key.ts";
import { checkedBlockList, checkSize } from "./limits.ts";
import { withServiceEndpoint } from "./listing.ts";
import { operationOf } from "./operation.ts";
import { answerHeaders, QueuedRefusal, Refusal, refusalResponse } from "./refusal.ts";
import { admitSas } from "./sas.ts";
import { sasIn, sasParameters } from "./sas-text.ts";
import { admitSharedKey } from "./shared-key.ts";
import { suffer } from "./suffering.ts";
import { type BlobUpstream, discard, type Upstream, upstreamAt } from "./upstream.ts";

export interface BlobGateOptions {
  readonly clock: SimulatedClock;
  readonly faults: FaultQueue;
  readonly accessTokens: AccessTokens;
  readonly accessControl: AccessControl;
  readonly accounts: BlobAccounts;
  readonly upstream: BlobUpstream;
  /** Where users sign in, such as `https://login.microsoftonline.com`; a 401 names it. */
  readonly loginEndpoint: string;
  /** Of the cloud; an account's own audience is `https://ACCOUNT.` and this. Default: `blob.core.windows.net`. */
  readonly blobSuffix?: string;
  /** User delegation keys are made from it, so that they outlive a restart of the same world. Default: drawn. */
  readonly secret?: Uint8Array;
}

/**
 * The blob service as clients see it: what Azure's data plane checks is checked here, what Azurite does is passed on
 * to it and back, streaming. Refusals are answered with Azure's status, code, headers and body.
 *
 * An account that does not exist, which in Azure has no name in DNS, is answered 404 ResourceNotFound. Batches are
 * answered 501: their parts carry credentials of their own.
 */
export function blobGate(options: BlobGateOptions): Handler {
  const upstream = upstreamAt(options.upstream.origin);
  const authorities: Authorities = {
    accessTokens: options.accessTokens,
    accessControl: options.accessControl,
    delegationKeys: delegationKeys(options.secret ?? randomBytes(32)),
    loginEndpoint: options.loginEndpoint,
    blobSuffix: options.blobSuffix ?? "blob.core.windows.net",
    accessPolicies: (call) => fetchPolicies(call, upstream, options.upstream),
  };
  return async (request) => {
    let now = options.clock.now();
    try {
      const { address, account, operation } = target(request, options.accounts);
      const suffering = await suffer(options.faults, operation.name);
      now = options.clock.now() + suffering.skewMilliseconds;
      const clientAddress = request.clientAddress ?? "127.0.0.1";
      const { expireToken, cutAfter } = suffering;
      const call: Call = { request, address, account, operation, now, clientAddress, expireToken };
      const response = await answer(call, authorities, upstream, options.upstream);
      return cutAfter === undefined ? response : { ...response, cutAfter };
    } catch (error) {
      if (error instanceof Refusal || error instanceof QueuedRefusal) {
        return refusalResponse(request, error, now);
      }
      throw error;
    }
  };
}

function target(
  request: SimulatedRequest,
  accounts: BlobAccounts,
): Pick<Call, "address" | "account" | "operation"> {
  const address = blobAddress(request);
  const account = accounts.find(address.account);
  if (account === undefined) {
    throw new Refusal("ResourceNotFound");
  }
  const operation = operationOf(request, address);
  if (operation === undefined) {
    throw new Refusal("UnsupportedHttpVerb");
  }
  if (operation.name === "BlobBatch") {
    throw new Refusal("NotImplemented");
  }
  return { address, account, operation };
}

async function answer(
  call: Call,
  authorities: Authorities,
  upstream: Upstream,
  where: BlobUpstream,
): Promise<SimulatedResponse> {
  const admission = await admit(call, authorities);
  if (call.operation.name === "GetUserDelegationKey") {
    return answerDelegationKey(call, admission, authorities.delegationKeys);
  }
  checkSize(call);
  const response = await passOn(call, admission, upstream, where);
  if (admission.anonymous && hidesFromAnonymous(response)) {
    await discard(response);
    throw anonymousRefusal(call, authorities);
  }
  return response;
}

async function admit(call: Call, authorities: Authorities): Promise<Admission> {
  const { request, account, address } = call;
  if (account.httpsOnly && !request.origin.startsWith("https:")) {
    throw new Refusal("AccountRequiresHttps");
  }
  if (!letsIn(account.network, call.clientAddress)) {
    throw new Refusal("AuthorizationFailure");
  }
  const authorization = request.headers["authorization"];
  const sas = sasIn(address.query);
  if (sas !== undefined && (authorization === undefined || sas.of("sduoid") !== "")) {
    return admitSas(sas, call, authorities);
  }
  if (authorization === undefined) {
    return admitAnonymous(call, authorities);
  }
  return /^bearer /i.test(authorization) ? admitBearer(call, authorities) : admitSharedKey(call);
}

/** Of the connection, of the signature, or checked here. */
const notPassedOn = new Set([
  ...["authorization", "host", "connection", "keep-alive", "te", "trailer", "upgrade", "expect"],
  ...["transfer-encoding", "date", "x-ms-date", "x-ms-content-crc64"],
]);

async function passOn(
  call: Call,
  admission: Admission,
  upstream: Upstream,
  where: BlobUpstream,
): Promise<SimulatedResponse> {
  const { request, address, operation } = call;
  const headers = Object.fromEntries(
    Object.entries(request.headers).filter(([name]) => !notPassedOn.has(name)),
  );
  const signedVersion = address.query.get("sv");
  if (headers["x-ms-version"] === undefined && signedVersion !== undefined) {
    headers["x-ms-version"] = signedVersion;
  }
  const keepsOff = admission.onlyNew && headers["if-none-match"] === undefined;
  if (keepsOff) {
    headers["if-none-match"] = "*";
  }
  const bare =
    request.method === "GET" || request.method === "HEAD" || headers["content-length"] === undefined;
  const body = bare ? undefined : await checkedBody(request.headers, request.body);
  const response = await upstream.send(accountAt(where, call), {
    method: request.method,
    rawPath: address.rawPath,
    query: new Map([...address.query].filter(([name]) => !sasParameters.has(name))),
    headers,
    body: body !== undefined && operation.name === "PutBlockList" ? await checkedBlockList(body) : body,
    signed: !admission.anonymous,
  });
  if (keepsOff && response.status === 409 && response.headers["x-ms-error-code"] === "BlobAlreadyExists") {
    await discard(response);
    throw new Refusal("UnauthorizedBlobOverwrite");
  }
  return translated(call, response);
}

/** Azurite's answer as Azure would have sent it. */
function translated(call: Call, response: SimulatedResponse): SimulatedResponse {
  const { request, address, operation } = call;
  const headers = { ...response.headers, ...answerHeaders(request, call.now) };
  const crc64 = request.headers["x-ms-content-crc64"];
  if (crc64 !== undefined && response.status === 201) {
    headers["x-ms-content-crc64"] = crc64;
  }
  const { status, body } = response;
  const listing = operation.name === "ListBlobs" || operation.name === "ListContainers";
  if (listing && status === 200 && typeof body === "object" && !(body instanceof Uint8Array)) {
    delete headers["content-length"];
    return { status, headers, body: withServiceEndpoint(body, `${address.endpoint}/`) };
  }
  return { status, headers, body };
}

async function fetchPolicies(
  call: Call,
  upstream: Upstream,
  where: BlobUpstream,
): Promise<ReadonlyMap<string, AccessPolicy>> {
  const { body } = await upstream.send(accountAt(where, call), {
    method: "GET",
    rawPath: `/${encodeURIComponent(call.address.container ?? "")}`,
    query: new Map([
      ["restype", "container"],
      ["comp", "acl"],
    ]),
    headers: { "x-ms-version": "2021-12-02" },
    body: undefined,
    signed: true,
  });
  const parts: Uint8Array[] = [];
  for await (const part of typeof body === "object" && !(body instanceof Uint8Array) ? body : []) {
    parts.push(part);
  }
  return accessPoliciesIn(Buffer.concat(parts).toString("utf8"));
}

function accountAt(where: BlobUpstream, { account }: Call): { readonly name: string; readonly key: string } {
  const found = where.account(account.name);
  if (found === undefined) {
    throw new Refusal("InternalError");
  }
  return found;
}
