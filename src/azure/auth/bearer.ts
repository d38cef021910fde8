import { Failure } from "../../errors/error.ts";
import type { HttpRequest } from "../http/transport.ts";
import type { Authorizer } from "./authorizer.ts";
import { tokenTenant } from "./jwt.ts";
import type { AccessToken, TokenAudience, TokenSource } from "./token-source.ts";

export interface BearerSettings {
  readonly source: TokenSource;
  readonly audience: TokenAudience;
  /** The one origin that the tokens may be sent to. Plain http must have been allowed before: `refusePlainHttp`. */
  readonly origin: string;
}

/** Puts a bearer token onto each request. Source: RFC 6750, "Authorize with Microsoft Entra ID" of Azure Storage. */
export function bearerAuthorizer({ source, audience, origin }: BearerSettings): Authorizer {
  /** What each request went with, for when it is refused. */
  const used = new WeakMap<HttpRequest, AccessToken>();
  /** The tenant that the service told it belongs to. */
  let tenant: string | undefined;
  return {
    async authorize(request, signal) {
      if (request.origin !== origin) {
        throw new Failure("Internal", `cannot send a token to "${request.origin}": it is for "${origin}"`);
      }
      const token = await source.token(audience, signal, tenant).catch((error: unknown) => {
        // Whoever sent the challenge may have been wrong: the next request begins with the own tenant again.
        tenant = undefined;
        throw error;
      });
      const authorization = `Bearer ${token.token.reveal()}`;
      const authorized = { ...request, headers: { ...request.headers, authorization } };
      used.set(authorized, token);
      return authorized;
    },
    async refused(authorized, { status, headers }) {
      const token = used.get(authorized);
      // 403 is for who was recognised: another token of the same identity has no other rights.
      if (status !== 401 || token === undefined) {
        return false;
      }
      const wanted = challengedTenant(headers["www-authenticate"]);
      const own = tokenTenant(token.token);
      if (wanted !== undefined && own !== undefined && wanted !== own) {
        tenant = wanted;
      } else {
        source.refused(audience, token);
      }
      return true;
    },
  };
}

/**
 * The tenant that a challenge names: `Bearer authorization_uri=https://login.example/TENANT/oauth2/authorize …`, as
 * Storage writes it, or Resource Manager's `Bearer authorization_uri="https://login.example/TENANT", error=…`. A GUID in
 * lower case.
 */
export function challengedTenant(challenge: string | undefined): string | undefined {
  const uri = /\bBearer\b.*?\bauthorization(?:_uri)?="?(https:\/\/[^\s",]+)/i.exec(challenge ?? "")?.[1];
  const segment = uri === undefined ? undefined : URL.parse(uri)?.pathname.split("/")[1]?.toLowerCase();
  return segment !== undefined && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(segment)
    ? segment
    : undefined;
}
