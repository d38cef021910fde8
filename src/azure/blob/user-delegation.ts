import { createHmac } from "node:crypto";
import { Failure } from "../../errors/error.ts";
import { type BlobEndpoint, blobPath } from "../account/endpoint.ts";
import { serviceFailure } from "../errors/errors.ts";
import type { Pipeline } from "../http/pipeline.ts";
import type { SignIn } from "./operation.ts";
import { sasTime, START_BEFORE_MILLISECONDS, type UrlSigner } from "./sas.ts";
import { readServiceError } from "../errors/service-error.ts";
import { SERVICE_VERSION } from "./service-version.ts";
import { element } from "./xml-element.ts";

const HOUR = 60 * 60 * 1000;
/** Azure's limit for keys and what is signed with them. Source: "Get User Delegation Key". */
const LONGEST = 7 * 24 * HOUR;
/** A key is asked for at least this long, so that the URLs of one sync share it. */
const USUAL = HOUR;
/** A key that ends sooner than this after the URL's end is not used: clocks differ. */
const MARGIN = 60_000;

/** Source: "Get User Delegation Key", response body. Times are as Azure wrote them: they are part of what is signed. */
interface DelegationKey {
  readonly objectId: string;
  readonly tenantId: string;
  readonly start: string;
  readonly expiry: string;
  readonly service: string;
  readonly version: string;
  readonly value: Buffer;
}

export interface DelegationSettings {
  readonly account: string;
  readonly endpoint: BlobEndpoint;
  /** Signs in with the identity's bearer token. */
  readonly pipeline: Pipeline;
  readonly signIn: SignIn;
  readonly now: () => number;
}

/**
 * Signs with a key that Azure lends to the identity: to read one blob over https. Nothing that is signed so is good
 * for more than 7 days: a longer time to live is an error, since a URL that ends before it was to end would surprise
 * later and elsewhere.
 */
export function delegationSigner(settings: DelegationSettings): UrlSigner {
  let kept: DelegationKey | undefined;
  return async (container, blob, ttl, signal) => {
    const { now, account, endpoint } = settings;
    if (ttl > LONGEST) {
      throw new Failure(
        "InvalidArgument",
        `cannot make a signed URL for "${blob}": with an identity (useAAD) it is good for 7 days at the most`,
        { hint: "ask for a shorter time to live, or sign in with an account key" },
      );
    }
    const begin = now();
    const wanted = begin + ttl;
    if (kept === undefined || Date.parse(kept.expiry) < wanted) {
      kept = await requestKey(settings, container, blob, Math.max(wanted + MARGIN, begin + USUAL), signal);
    }
    const start = sasTime(Math.max(begin - START_BEFORE_MILLISECONDS, Date.parse(kept.start)));
    const fields = { start, expiry: sasTime(wanted), resource: `/blob/${account}/${container}/${blob}` };
    const signature = createHmac("sha256", kept.value).update(delegationText(kept, fields)).digest("base64");
    const query = new URLSearchParams({
      sv: SERVICE_VERSION,
      spr: "https",
      st: fields.start,
      se: fields.expiry,
      skoid: kept.objectId,
      sktid: kept.tenantId,
      skt: kept.start,
      ske: kept.expiry,
      sks: kept.service,
      skv: kept.version,
      sr: "b",
      sp: "r",
      sig: signature,
    });
    return `${endpoint.origin}${blobPath(endpoint, container, blob)}?${query.toString()}`;
  };
}

/** What is signed (source: "Create a user delegation SAS", string-to-sign of 2020-12-06 and later). */
function delegationText(
  key: DelegationKey,
  { start, expiry, resource }: { readonly start: string; readonly expiry: string; readonly resource: string },
): string {
  const lent = [key.objectId, key.tenantId, key.start, key.expiry, key.service, key.version];
  const authorizedUser = "";
  const unauthorizedUser = "";
  const correlation = "";
  const addresses = "";
  const snapshot = "";
  const encryptionScope = "";
  const responseHeaders = ["", "", "", "", ""];
  return [
    ...["r", start, expiry, resource, ...lent, authorizedUser, unauthorizedUser, correlation],
    ...[addresses, "https", SERVICE_VERSION, "b", snapshot, encryptionScope, ...responseHeaders],
  ].join("\n");
}

async function requestKey(
  { account, endpoint, pipeline, signIn, now }: DelegationSettings,
  container: string,
  key: string,
  until: number,
  signal: AbortSignal,
): Promise<DelegationKey> {
  const begin = now();
  const expiry = Math.min(until, begin + LONGEST);
  const start = Math.max(begin - START_BEFORE_MILLISECONDS, expiry - LONGEST);
  const xml = `<?xml version="1.0" encoding="utf-8"?><KeyInfo><Start>${sasTime(start)}</Start><Expiry>${sasTime(expiry)}</Expiry></KeyInfo>`;
  const request = {
    method: "POST",
    origin: endpoint.origin,
    path: `${endpoint.basePath}/`,
    query: "restype=service&comp=userdelegationkey",
    headers: { "content-type": "application/xml" },
    body: Buffer.from(xml),
  } as const;
  const answer = await pipeline.send(request, signal);
  const operation = { verb: "sign a URL for", account, container, key, host: endpoint.host, signIn };
  if (answer.status !== 200) {
    throw serviceFailure(operation, await readServiceError(answer), now());
  }
  return parseKey(answer.content?.toString("utf8") ?? "");
}

function parseKey(xml: string): DelegationKey {
  const read = (name: string): string => {
    const text = element(xml, name);
    if (text === undefined || text === "") {
      throw new Failure("DataLoss", `cannot read the user delegation key: the answer has no ${name}`, {
        hint: "check the endpoint: this is not how a blob service answers",
      });
    }
    return text;
  };
  return {
    objectId: read("SignedOid"),
    tenantId: read("SignedTid"),
    start: read("SignedStart"),
    expiry: read("SignedExpiry"),
    service: read("SignedService"),
    version: read("SignedVersion"),
    value: Buffer.from(read("Value"), "base64"),
  };
}
