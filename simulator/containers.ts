import { buffer } from "node:stream/consumers";
import { Readable } from "node:stream";
import type { SimulatedResponse } from "./http/message.ts";
import { type BlobUpstream, upstreamAt } from "./blob-gate/upstream.ts";
import type { BlobContainers } from "./resource-manager/routes.ts";

/** Resource Manager's side of containers: past the gate, since it is the service itself that acts. */
export function blobContainers(upstream: BlobUpstream): BlobContainers {
  const sender = upstreamAt(upstream.origin);
  async function send(
    method: string,
    account: string,
    rawPath: string,
    query: Readonly<Record<string, string>>,
  ): Promise<{ status: number; text: string }> {
    const target = upstream.account(account);
    if (target === undefined) throw new Error(`there is no room for another account, "${account}"`);
    const response = await sender.send(target, {
      method,
      rawPath,
      query: new Map(Object.entries(query)),
      headers: { "x-ms-version": "2024-08-04", "content-length": "0" },
      body: undefined,
      signed: true,
    });
    return { status: response.status, text: await textOf(response) };
  }
  async function act(method: string, account: string, container: string, expected: readonly number[]) {
    const { status, text } = await send(method, account, `/${encodeURIComponent(container)}`, {
      restype: "container",
    });
    if (!expected.includes(status))
      throw new Error(`${method} of container "${container}": ${status} ${text}`);
    return status;
  }
  return {
    list: async (account) => {
      const { text } = await send("GET", account, "/", { comp: "list" });
      return [...text.matchAll(/<Name>([^<]+)<\/Name>/g)].map(([, name = ""]) => name);
    },
    exists: async (account, container) => (await act("GET", account, container, [200, 404])) === 200,
    create: async (account, container) => {
      await act("PUT", account, container, [201, 409]);
    },
    delete: async (account, container) => {
      await act("DELETE", account, container, [202, 404]);
    },
  };
}

async function textOf({ body }: SimulatedResponse): Promise<string> {
  if (body === undefined || typeof body === "string") return body ?? "";
  return (body instanceof Uint8Array ? Buffer.from(body) : await buffer(Readable.from(body))).toString();
}
