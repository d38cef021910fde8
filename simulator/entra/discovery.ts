import { EntraError } from "./errors.ts";
import type { TenantRecord } from "./state.ts";

/**
 * What an authority tells of itself; `origin` is the authority as the client reached it.
 * Source: learn.microsoft.com/entra/identity-platform/v2-protocols-oidc
 */
export function openIdConfiguration(
  origin: string,
  tenant: TenantRecord,
  form: "v1" | "v2" | "adfs",
): Record<string, unknown> {
  const at = `${origin}/${form === "adfs" ? "adfs" : tenant.tenantId}`;
  const v2 = form === "v2" ? "/v2.0" : "";
  const issuer = {
    v1: `https://sts.windows.net/${tenant.tenantId}/`,
    v2: `${at}/v2.0`,
    adfs: at,
  }[form];
  return {
    token_endpoint: `${at}/oauth2${v2}/token`,
    token_endpoint_auth_methods_supported: ["client_secret_post", "private_key_jwt", "client_secret_basic"],
    jwks_uri: `${at}/discovery${v2}/keys`,
    response_modes_supported: ["query", "fragment", "form_post"],
    subject_types_supported: ["pairwise"],
    id_token_signing_alg_values_supported: ["RS256"],
    response_types_supported: ["code", "id_token", "code id_token", "id_token token"],
    scopes_supported: ["openid", "profile", "email", "offline_access"],
    issuer,
    authorization_endpoint: `${at}/oauth2${v2}/authorize`,
    tenant_region_scope: "EU",
    cloud_instance_name: new URL(origin).host,
  };
}

/**
 * Whether a host is one of Entra's, and where its tenants are described. Clients ask before they send a secret.
 * Knows only itself: a client of a real cloud's host is not meant to be here.
 */
export function instanceDiscovery(origin: string, query: URLSearchParams): Record<string, unknown> {
  const { host } = new URL(origin);
  const endpoint = query.get("authorization_endpoint") ?? "";
  const asked = URL.canParse(endpoint) ? new URL(endpoint) : undefined;
  if (asked?.host !== host) {
    throw new EntraError(50049, `Unknown or invalid instance '${asked?.host ?? endpoint}'.`);
  }
  const tenant = asked.pathname.split("/")[1] ?? "common";
  return {
    tenant_discovery_endpoint: `${origin}/${tenant}/v2.0/.well-known/openid-configuration`,
    "api-version": query.get("api-version") ?? "1.0",
    metadata: [{ preferred_network: host, preferred_cache: host, aliases: [host] }],
  };
}
