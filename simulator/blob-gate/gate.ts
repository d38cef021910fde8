import { randomBytes } from "node:crypto";
import type { AccessControl } from "../core/access.ts";
import type { AccessTokens } from "../core/access-tokens.ts";
import type { SimulatedClock } from "../core/clock.ts";
import type { FaultQueue } from "../core/faults.ts";
import type { Handler, SimulatedRequest, SimulatedResponse } from "../http/message.ts";
import { type BlobAccounts, letsIn } from "./accounts.ts";
import { blobAddress } from "./address.ts";
import { admitAnonymous, anonymousRefusal, hidesFromAnonymous } from "./anonymous.ts";
import { admitBearer } from "./bearer.ts";
import type { Admission, Authorities, Call } from "./caller.ts";
import { delegationKeys } from "./delegation-key.ts";
import { answerDelegationKey } from "./get-delegation-key.ts";
import { checkSize } from "./limits.ts";
import { operationOf } from "./operation.ts";
import { fetchPolicies, type Passage, passOn } from "./passage.ts";
import { QueuedRefusal, Refusal, refusalResponse } from "./refusal.ts";
import { admitSas } from "./sas.ts";
import { sasIn } from "./sas-text.ts";
import { admitSharedKey } from "./shared-key.ts";
import { suffer } from "./suffering.ts";
import { uncommittedBlocks } from "./uncommitted.ts";
import { type BlobUpstream, discard, upstreamAt } from "./upstream.ts";

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
  const passage: Passage = {
    where: options.upstream,
    upstream: upstreamAt(options.upstream.origin),
    uncommitted: uncommittedBlocks(),
  };
  const authorities: Authorities = {
    accessTokens: options.accessTokens,
    accessControl: options.accessControl,
    delegationKeys: delegationKeys(options.secret ?? randomBytes(32)),
    loginEndpoint: options.loginEndpoint,
    blobSuffix: options.blobSuffix ?? "blob.core.windows.net",
    accessPolicies: (call) => fetchPolicies(call, passage),
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
      const response = await answer(call, authorities, passage);
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

async function answer(call: Call, authorities: Authorities, passage: Passage): Promise<SimulatedResponse> {
  const admission = await admit(call, authorities);
  if (call.operation.name === "GetUserDelegationKey") {
    return answerDelegationKey(call, admission, authorities.delegationKeys);
  }
  checkSize(call);
  const response = await passOn(call, admission, passage);
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
