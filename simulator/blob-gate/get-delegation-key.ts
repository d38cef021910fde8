import type { SimulatedResponse } from "../http/message.ts";
import type { Admission, Call } from "./caller.ts";
import type { DelegationKeyFields, DelegationKeys } from "./delegation-key.ts";
import { answerHeaders, element, Refusal, requestId } from "./refusal.ts";

const WEEK = 7 * 24 * 60 * 60 * 1000;

/**
 * Get User Delegation Key, which Azurite answers without looking at the times.
 * Source: learn.microsoft.com/rest/api/storageservices/get-user-delegation-key.
 */
export async function answerDelegationKey(
  call: Call,
  admission: Admission,
  keys: DelegationKeys,
): Promise<SimulatedResponse> {
  const text = await textOf(call.request.body);
  const start = timeIn(text, "Start") ?? call.now;
  const expiry = timeIn(text, "Expiry");
  if (expiry === undefined || admission.principal === undefined) {
    throw new Refusal("InvalidXmlDocument");
  }
  if (expiry <= call.now || expiry <= start || expiry > call.now + WEEK) {
    throw badNode("Expiry", expiry);
  }
  if (Math.abs(start - call.now) > WEEK) {
    throw badNode("Start", start);
  }
  const { objectId, tenantId } = admission.principal;
  const delegatedTenantId = nodeIn(text, "DelegatedUserTid") ?? "";
  const fields: DelegationKeyFields = {
    account: call.account.name,
    objectId,
    tenantId,
    start: inSeconds(start),
    expiry: inSeconds(expiry),
    service: "b",
    version: call.request.headers["x-ms-version"] ?? "",
    delegatedTenantId,
  };
  const elements = [
    element("SignedOid", objectId),
    element("SignedTid", tenantId),
    element("SignedStart", fields.start),
    element("SignedExpiry", fields.expiry),
    element("SignedService", fields.service),
    element("SignedVersion", fields.version),
    ...(delegatedTenantId === "" ? [] : [element("SignedDelegatedUserTid", delegatedTenantId)]),
    element("Value", keys.valueOf(fields)),
  ];
  const declaration = '\uFEFF<?xml version="1.0" encoding="utf-8"?>';
  const body = `${declaration}<UserDelegationKey>${elements.join("")}</UserDelegationKey>`;
  const headers = { ...answerHeaders(call.request, call.now), "x-ms-request-id": requestId() };
  return { status: 200, headers: { ...headers, "content-type": "application/xml" }, body };
}

function timeIn(xml: string, node: string): number | undefined {
  const text = nodeIn(xml, node);
  if (text === undefined || text === "") {
    return undefined;
  }
  const time = Date.parse(text);
  if (Number.isNaN(time)) {
    throw new Refusal("InvalidXmlNodeValue", { elements: { XmlNodeName: node, XmlNodeValue: text } });
  }
  return time;
}

function nodeIn(xml: string, node: string): string | undefined {
  return new RegExp(`<${node}>\\s*([^<]*?)\\s*</${node}>`).exec(xml)?.[1];
}

function badNode(node: string, time: number): Refusal {
  const elements = { XmlNodeName: node, XmlNodeValue: inSeconds(time) };
  return new Refusal("InvalidXmlNodeValue", { elements });
}

function inSeconds(time: number): string {
  return new Date(time).toISOString().replace(/\.\d+Z$/, "Z");
}

async function textOf(body: AsyncIterable<Uint8Array>): Promise<string> {
  const parts: Uint8Array[] = [];
  for await (const part of body) {
    parts.push(part);
  }
  return Buffer.concat(parts).toString("utf8");
}
