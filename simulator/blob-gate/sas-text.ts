import type { AccessPolicy, Call } from "./caller.ts";
import type { DelegationKeyFields } from "./delegation-key.ts";
import { Refusal } from "./refusal.ts";

/** A SAS as its query parameters say it. */
export interface Sas {
  readonly kind: "account" | "service" | "user delegation";
  /** The parameter's text; empty when absent. */
  readonly of: (name: SasParameter) => string;
}

/** All parameters that make up a SAS; the rest of a query belongs to the operation. */
const parameters = [
  ...["sv", "ss", "srt", "sp", "se", "st", "spr", "sip", "si", "sr", "sdd", "ses", "sig"],
  ...["skoid", "sktid", "skt", "ske", "sks", "skv", "skdutid", "saoid", "suoid", "scid", "sduoid"],
  ...["srh", "srq"],
] as const;
const overrides = ["rscc", "rscd", "rsce", "rscl", "rsct"] as const;

export type SasParameter = (typeof parameters)[number] | (typeof overrides)[number];

export const sasParameters: ReadonlySet<string> = new Set(parameters);

/** Undefined when the query holds no signature. */
export function sasIn(query: ReadonlyMap<string, string>): Sas | undefined {
  if (!query.has("sig")) {
    return undefined;
  }
  const of = (name: SasParameter): string => query.get(name) ?? "";
  if (query.has("ss") || query.has("srt")) {
    return { kind: "account", of };
  }
  return { kind: query.has("skoid") ? "user delegation" : "service", of };
}

/**
 * Source: learn.microsoft.com/rest/api/storageservices/create-account-sas, "Construct the signature string".
 */
export function accountText(sas: Sas, account: string): string {
  const { of } = sas;
  const scope = of("sv") >= "2020-12-06" ? [of("ses")] : [];
  const start = [account, of("sp"), of("ss"), of("srt"), of("st"), of("se"), of("sip"), of("spr"), of("sv")];
  return [...start, ...scope, ""].join("\n");
}

/**
 * Source: learn.microsoft.com/rest/api/storageservices/create-service-sas, "Construct the signature string".
 */
export function serviceText(sas: Sas, call: Call): string {
  const { of } = sas;
  const version = of("sv");
  return [
    ...[of("sp"), of("st"), of("se"), resourceText(sas, call), of("si"), of("sip"), of("spr"), version],
    ...(version >= "2018-11-09" ? [of("sr"), momentOf(sas, call)] : []),
    ...(version >= "2020-12-06" ? [of("ses")] : []),
    ...overrides.map(of),
  ].join("\n");
}

/**
 * Source: learn.microsoft.com/rest/api/storageservices/create-user-delegation-sas, "Construct the signature string".
 */
export function delegationText(sas: Sas, call: Call): string {
  const { of } = sas;
  const version = of("sv");
  return [
    ...[of("sp"), of("st"), of("se"), resourceText(sas, call)],
    ...[of("skoid"), of("sktid"), of("skt"), of("ske"), of("sks"), of("skv")],
    ...(version >= "2020-02-10" ? [of("saoid"), of("suoid"), of("scid")] : []),
    ...(version >= "2025-07-05" ? [of("skdutid"), of("sduoid")] : []),
    ...[of("sip"), of("spr"), version, of("sr"), momentOf(sas, call)],
    ...(version >= "2020-12-06" ? [of("ses")] : []),
    ...(version >= "2026-04-06" ? [headersText(of("srh"), call), queryText(of("srq"), call)] : []),
    ...overrides.map(of),
  ].join("\n");
}

/** What the user delegation key that the SAS was made with must have said of itself. */
export function delegationKeyFields({ of }: Sas, account: string): DelegationKeyFields {
  return {
    account,
    objectId: of("skoid"),
    tenantId: of("sktid"),
    start: of("skt"),
    expiry: of("ske"),
    service: of("sks"),
    version: of("skv"),
    delegatedTenantId: of("skdutid"),
  };
}

/** With the stored access policy's times and permissions where the SAS leaves them open; both saying one is refused. */
export function withPolicy(sas: Sas, policy: AccessPolicy): Sas {
  const stored = { st: policy.start, se: policy.expiry, sp: policy.permissions };
  return {
    kind: sas.kind,
    of: (name) => {
      const own = sas.of(name);
      const other = name === "st" || name === "se" || name === "sp" ? (stored[name] ?? "") : "";
      if (own !== "" && other !== "") {
        const elements = { QueryParameterName: name, Reason: "Duplicated in the stored access policy." };
        throw new Refusal("InvalidQueryParameterValue", { elements });
      }
      return own === "" ? other : own;
    },
  };
}

/** The resource that the SAS was made for, seen from the one asked for: another one makes another signature. */
function resourceText({ of }: Sas, { account, address }: Call): string {
  const base = `/blob/${account.name}/${address.container ?? ""}`;
  const blob = address.blob ?? "";
  switch (of("sr")) {
    case "c":
      return base;
    case "d":
      return [base, ...blob.split("/").slice(0, Number(of("sdd")))].join("/");
    default:
      return `${base}/${blob}`;
  }
}

function momentOf({ of }: Sas, { address }: Call): string {
  if (of("sr") === "bs") {
    return address.query.get("snapshot") ?? "";
  }
  return of("sr") === "bv" ? (address.query.get("versionid") ?? "") : "";
}

function headersText(names: string, { request }: Call): string {
  const listed = names === "" ? [] : names.split(",");
  return listed.map((name) => `${name}:${request.headers[name.toLowerCase()] ?? ""}\n`).join("");
}

function queryText(names: string, { address }: Call): string {
  const listed = names === "" ? [] : names.split(",");
  return listed.map((name) => `\n${name}:${address.query.get(name.toLowerCase()) ?? ""}`).join("");
}
