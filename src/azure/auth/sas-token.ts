import { readSas, type SasFields } from "../../credentials/sas-fields.ts";
import { Failure } from "../../errors/error.ts";
import { Secret } from "../../secret/secret.ts";
import type { HttpRequest } from "../http/transport.ts";
import type { Authorizer } from "./authorizer.ts";

/** A SAS token: its secret query, and what can be read from it without showing its signature. */
export interface SasToken extends Pick<SasFields, "expires" | "permissions"> {
  /** Without the leading `?`. */
  readonly query: Secret;
}

/** Reads a token, with or without its leading `?`. Throws `Failure` InvalidArgument when it cannot be one. */
export function parseSasToken(token: Secret): SasToken {
  const text = token.reveal().trim().replace(/^\?/, "");
  const fields = readSas(text);
  if (fields === undefined) {
    throw new Failure("InvalidArgument", "cannot use the SAS token: it is not one", {
      hint: "copy the whole token, which begins with sv= or ?sv= and holds sig=; not the address it is part of",
    });
  }
  return { query: new Secret(text), expires: fields.expires, permissions: fields.permissions };
}

/**
 * Adds the token to each request's query. A function is asked for each request: it returns the same token until there
 * is another, and a refused request is sent again if there is.
 */
export function sasAuthorizer(token: SasToken | (() => SasToken), origin: string): Authorizer {
  const current = typeof token === "function" ? token : () => token;
  const used = new WeakMap<HttpRequest, SasToken>();
  return {
    authorize(request) {
      if (request.origin !== origin) {
        throw new Failure(
          "Internal",
          `cannot add the SAS token to "${request.origin}": it is for "${origin}"`,
        );
      }
      const sas = current();
      const query = sas.query.reveal();
      const authorized = { ...request, query: request.query === "" ? query : `${request.query}&${query}` };
      used.set(authorized, sas);
      return authorized;
    },
    refused: async (authorized) => (used.get(authorized) ?? current()) !== current(),
  };
}

/** The token as the credentials file holds it from time to time; `fresh` as of a `StorageCredential`. */
export function liveSasToken(fresh: () => Secret): () => SasToken {
  let secret = fresh();
  let token = parseSasToken(secret);
  return () => {
    const now = fresh();
    if (now !== secret) {
      token = parseSasToken(now);
      secret = now;
    }
    return token;
  };
}
