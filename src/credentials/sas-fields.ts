/**
 * What a SAS token says in the open. Source: Azure's pages "Create an account SAS", "Create a service SAS" and
 * "Create a user delegation SAS".
 */
export interface SasFields {
  /** Milliseconds since 1970; undefined when a stored access policy tells it, or it cannot be read. */
  readonly starts: number | undefined;
  /** The end of the token or of the key it was signed with, whichever is first; as `starts`. */
  readonly expires: number | undefined;
  /** Letters of `sp`; undefined when a stored access policy tells them. */
  readonly permissions: string | undefined;
  /** `ss` and `srt` of an account SAS. */
  readonly services: string | undefined;
  readonly resourceTypes: string | undefined;
  /** `sr` of a service or user delegation SAS. */
  readonly resource: string | undefined;
  readonly httpsOnly: boolean;
  readonly forDirectory: boolean;
}

/** The fields of a token without its leading `?`; undefined when it is not one. */
export function readSas(token: string): SasFields | undefined {
  const fields = new URLSearchParams(token);
  const text = (name: string): string | undefined => fields.get(name) ?? undefined;
  const complete = (text("sig") ?? "") !== "" && (text("sv") ?? "") !== "";
  if (!complete || !/^[!-~]+$/.test(token) || /^https?:|[#;]/i.test(token)) {
    return undefined;
  }
  const ends = [readTime(text("se")), readTime(text("ske"))].filter((time) => time !== undefined);
  return {
    starts: readTime(text("st")),
    expires: ends.length === 0 ? undefined : Math.min(...ends),
    permissions: text("sp"),
    services: text("ss"),
    resourceTypes: text("srt"),
    resource: text("sr"),
    httpsOnly: text("spr") === "https",
    forDirectory: text("sr") === "d",
  };
}

/** Azure's forms of ISO 8601: a date alone, to the minute, to the second, with fractions; always with a zone. */
function readTime(text: string | undefined): number | undefined {
  const form = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,7})?)?(Z|[+-]\d\d:\d\d))?$/;
  const time = text !== undefined && form.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(time) ? undefined : time;
}

/** Why the token cannot reach a container and its blobs, whatever its permissions. */
export function cannotReach({ services, resourceTypes, resource }: SasFields): string | undefined {
  if (services !== undefined && !services.includes("b")) {
    return `is not for the blob service (ss=${plain(services)})`;
  }
  if (resourceTypes !== undefined && !(resourceTypes.includes("c") && resourceTypes.includes("o"))) {
    return `is not for both containers and objects (srt=${plain(resourceTypes)})`;
  }
  if (resource !== undefined && resource !== "c" && resource !== "d") {
    return `is not for a container (sr=${plain(resource)})`;
  }
  return undefined;
}

/** These fields are short words; anything else in them is not repeated. */
function plain(text: string): string {
  return /^[a-z]{1,8}$/.test(text) ? text : "…";
}

/**
 * What the permissions leave out. Without reading and listing nothing works; a location that is read-only in Velero
 * needs no more than these two.
 */
export function missingPermissions({ permissions }: SasFields): {
  readonly fatal: readonly string[];
  readonly tolerable: readonly string[];
} {
  if (permissions === undefined) {
    return { fatal: [], tolerable: [] };
  }
  const without = (letter: string, action: string): string[] =>
    permissions.includes(letter) ? [] : [action];
  const write = permissions.includes("c")
    ? without("w", "replace what is stored (w)")
    : without("w", "store backups (w)");
  return {
    fatal: [...without("l", "list what is in the container (l)"), ...without("r", "read blobs (r)")],
    tolerable: [...write, ...without("d", "delete backups (d)")],
  };
}
