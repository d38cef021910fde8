import type { SimulatedResponse } from "../http/message.ts";
import { accessPoliciesIn } from "./access-policies.ts";
import type { AccessPolicy, Admission, Call } from "./caller.ts";
import { checkedBody } from "./checksum.ts";
import { checkedBlockList } from "./limits.ts";
import { withServiceEndpoint } from "./listing.ts";
import { answerHeaders, Refusal } from "./refusal.ts";
import { sasParameters } from "./sas-text.ts";
import type { UncommittedBlocks } from "./uncommitted.ts";
import { type BlobUpstream, discard, type Upstream } from "./upstream.ts";

/** The way to Azurite. */
export interface Passage {
  readonly where: BlobUpstream;
  readonly upstream: Upstream;
  readonly uncommitted: UncommittedBlocks;
}

/** Of the connection, of the signature, or checked here. */
const notPassedOn = new Set([
  ...["authorization", "host", "connection", "keep-alive", "te", "trailer", "upgrade", "expect"],
  ...["transfer-encoding", "date", "x-ms-date", "x-ms-content-crc64"],
]);

/** Sends what passed the checks to Azurite; resolves with its answer in Azure's words. */
export async function passOn(call: Call, admission: Admission, passage: Passage): Promise<SimulatedResponse> {
  passage.uncommitted.check(call);
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
  const response = await passage.upstream.send(accountAt(passage, call), {
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
  if (response.status < 300) {
    passage.uncommitted.done(call);
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

/** The container's stored access policies, as Azurite keeps them. */
export async function fetchPolicies(
  call: Call,
  passage: Passage,
): Promise<ReadonlyMap<string, AccessPolicy>> {
  const { body } = await passage.upstream.send(accountAt(passage, call), {
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

function accountAt({ where }: Passage, { account }: Call): { readonly name: string; readonly key: string } {
  const found = where.account(account.name);
  if (found === undefined) {
    throw new Refusal("InternalError");
  }
  return found;
}
