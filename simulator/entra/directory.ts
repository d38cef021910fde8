import { randomBytes, randomUUID } from "node:crypto";
import type { FederatedCredential, Principal, PrincipalSource } from "../core/principals.ts";
import {
  type ApplicationRecord,
  type ClientSecret,
  emptyEntraState,
  type EntraState,
  type IssuerTrust,
  type TenantRecord,
  type TrustedSubject,
} from "./state.ts";

export interface ApplicationOptions {
  readonly tenantId: string;
  readonly clientId?: string | undefined;
  readonly objectId?: string | undefined;
  readonly displayName?: string | undefined;
}

/** Names one application: the same client ID may be known to several tenants. */
export type ApplicationName = Pick<ApplicationRecord, "tenantId" | "clientId">;

/**
 * The tenants and applications of a simulated Entra, which tests fill in place of an administrator.
 *
 * IDs are compared in lower case. Adding to a tenant or an application that is not there throws.
 */
export class Directory implements PrincipalSource {
  readonly state: EntraState;

  constructor(state: EntraState = emptyEntraState()) {
    this.state = state;
  }

  addTenant(
    options: {
      readonly tenantId?: string;
      readonly domains?: readonly string[];
      readonly adfs?: boolean;
    } = {},
  ): TenantRecord {
    const tenantId = (options.tenantId ?? randomUUID()).toLowerCase();
    const record = { tenantId, domains: options.domains ?? [], adfs: options.adfs ?? false };
    replace(this.state.tenants, record, (tenant) => tenant.tenantId === tenantId);
    return record;
  }

  /** Registers it again, without its former credentials, when it is there already. */
  addApplication(options: ApplicationOptions): ApplicationRecord {
    const tenant = this.tenant(options.tenantId);
    if (tenant === undefined) throw new Error(`there is no tenant "${options.tenantId}"`);
    const record: ApplicationRecord = {
      tenantId: tenant.tenantId,
      clientId: (options.clientId ?? randomUUID()).toLowerCase(),
      objectId: (options.objectId ?? randomUUID()).toLowerCase(),
      displayName: options.displayName ?? "application",
      secrets: [],
      certificates: [],
      subjectNames: [],
      federatedCredentials: [],
    };
    replace(this.state.applications, record, (other) => isSame(other, record));
    return record;
  }

  removeApplication(name: ApplicationName): void {
    const at = this.state.applications.findIndex((other) => isSame(other, name));
    if (at >= 0) this.state.applications.splice(at, 1);
  }

  /** `value` is drawn when it is not given; `expires` in milliseconds since 1970. */
  addSecret(
    name: ApplicationName,
    options: { readonly value?: string; readonly expires?: number } = {},
  ): ClientSecret {
    const secret: ClientSecret = {
      keyId: randomUUID(),
      // In the form of Entra's own: 40 characters, among them some that a shell or a dotenv file trips over.
      value:
        options.value ??
        `${randomBytes(3).toString("hex").slice(0, 3)}8Q~${randomBytes(25).toString("base64url")}`,
      expires: options.expires,
    };
    this.#named(name).secrets.push(secret);
    return secret;
  }

  removeSecret(name: ApplicationName, keyId: string): void {
    const { secrets } = this.#named(name);
    const at = secrets.findIndex((secret) => secret.keyId === keyId);
    if (at >= 0) secrets.splice(at, 1);
  }

  /** PEM of the certificate alone. */
  addCertificate(name: ApplicationName, certificate: string): void {
    this.#named(name).certificates.push(certificate);
  }

  trustSubject(name: ApplicationName, trusted: TrustedSubject): void {
    this.#named(name).subjectNames.push(trusted);
  }

  /** Replaces that of the same name. */
  addFederatedCredential(name: ApplicationName, credential: FederatedCredential): void {
    replace(this.#named(name).federatedCredentials, credential, (other) => other.name === credential.name);
  }

  removeFederatedCredential(name: ApplicationName, credential: string): void {
    const { federatedCredentials } = this.#named(name);
    const at = federatedCredentials.findIndex((other) => other.name === credential);
    if (at >= 0) federatedCredentials.splice(at, 1);
  }

  /** Where an issuer's keys are found; replaces what was said of it before. */
  trustIssuer(trust: IssuerTrust): void {
    replace(this.state.issuers, trust, (other) => other.issuer === trust.issuer);
  }

  /** By its ID or one of its domains. */
  tenant(idOrDomain: string): TenantRecord | undefined {
    const wanted = idOrDomain.toLowerCase();
    return this.state.tenants.find(
      ({ tenantId, domains, adfs }) =>
        tenantId === wanted || domains.includes(wanted) || (adfs && wanted === "adfs"),
    );
  }

  application(tenantId: string, clientId: string): ApplicationRecord | undefined {
    return this.state.applications.find((application) => isSame(application, { tenantId, clientId }));
  }

  find(tenantId: string, clientId: string): Principal | undefined {
    const application = this.application(tenantId, clientId);
    if (application === undefined) return undefined;
    const { objectId, displayName } = application;
    return {
      tenantId: application.tenantId,
      clientId: application.clientId,
      objectId,
      displayName,
      kind: "application",
    };
  }

  federatedCredentials({ tenantId, clientId }: Principal): readonly FederatedCredential[] {
    return this.application(tenantId, clientId)?.federatedCredentials ?? [];
  }

  #named({ tenantId, clientId }: ApplicationName): ApplicationRecord {
    const found = this.application(tenantId, clientId);
    if (found === undefined) throw new Error(`there is no application "${clientId}" in tenant "${tenantId}"`);
    return found;
  }
}

/** Asks one source after the other. */
export function principalsOf(...sources: readonly PrincipalSource[]): PrincipalSource {
  return {
    find: (tenantId, clientId) => {
      for (const source of sources) {
        const found = source.find(tenantId, clientId);
        if (found !== undefined) return found;
      }
      return undefined;
    },
    federatedCredentials: (principal) => sources.flatMap((source) => source.federatedCredentials(principal)),
  };
}

function isSame(one: ApplicationName, other: ApplicationName): boolean {
  return (
    one.tenantId.toLowerCase() === other.tenantId.toLowerCase() &&
    one.clientId.toLowerCase() === other.clientId.toLowerCase()
  );
}

function replace<Entry>(list: Entry[], entry: Entry, isFormer: (other: Entry) => boolean): void {
  const at = list.findIndex(isFormer);
  if (at < 0) list.push(entry);
  else list[at] = entry;
}
