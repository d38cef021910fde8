import { BlockList, isIPv6 } from "node:net";
import type { BlobAccount, NetworkRules } from "../core/blob-account.ts";

/** The storage accounts that exist. */
export interface BlobAccounts {
  find(name: string): BlobAccount | undefined;
}

/** Accounts in memory, for tests: `set` adds one or replaces it. */
export interface AccountsInMemory extends BlobAccounts {
  set(account: BlobAccount): void;
}

export function accountsInMemory(...accounts: readonly BlobAccount[]): AccountsInMemory {
  const known = new Map(accounts.map((account) => [account.name, account]));
  return {
    find: (name) => known.get(name),
    set: (account) => known.set(account.name, account),
  };
}

/** Whether the account's firewall lets this address in. An address that cannot be read is let in by no rule. */
export function letsIn(rules: NetworkRules, address: string): boolean {
  return rules.defaultAction === "Allow" || rules.ipRules.some((rule) => covers(rule, address));
}

/** Whether a rule of a firewall or the `sip` of a SAS covers the address: `a`, `a-b` or `a/bits`. */
export function covers(rule: string, address: string): boolean {
  const plain = withoutMapping(address);
  const family = (text: string): "ipv4" | "ipv6" => (isIPv6(text) ? "ipv6" : "ipv4");
  const list = new BlockList();
  const [from = "", to] = rule.split("-");
  const [net = "", bits] = from.split("/");
  try {
    if (to !== undefined) {
      list.addRange(from, to, family(from));
    } else if (bits === undefined) {
      list.addAddress(net, family(net));
    } else {
      list.addSubnet(net, Number(bits), family(net));
    }
    return list.check(plain, family(plain));
  } catch {
    return false;
  }
}

/** A socket that serves both families tells IPv4 clients as `::ffff:a.b.c.d`. */
function withoutMapping(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, "");
}
