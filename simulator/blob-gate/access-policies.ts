import type { AccessPolicy } from "./caller.ts";

/** Reads the stored access policies out of the answer to Get Container ACL. */
export function accessPoliciesIn(xml: string): ReadonlyMap<string, AccessPolicy> {
  const policies = new Map<string, AccessPolicy>();
  for (const [, one = ""] of xml.matchAll(/<SignedIdentifier>(.*?)<\/SignedIdentifier>/gs)) {
    const id = textIn(one, "Id");
    if (id !== undefined) {
      const [start, expiry] = [textIn(one, "Start"), textIn(one, "Expiry")];
      policies.set(id, { start, expiry, permissions: textIn(one, "Permission") });
    }
  }
  return policies;
}

function textIn(xml: string, name: string): string | undefined {
  return new RegExp(`<${name}>([^<]+)</${name}>`).exec(xml)?.[1];
}
