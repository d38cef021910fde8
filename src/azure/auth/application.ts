import type { KeyObject, X509Certificate } from "node:crypto";
import type {
  ClientCertificateProof,
  ClientSecretProof,
  WorkloadIdentityProof,
} from "../../credentials/identity.ts";
import type { ErrorCode } from "../../errors/error.ts";

/** Who asks an authority. */
export type ApplicationProof = ClientSecretProof | ClientCertificateProof | WorkloadIdentityProof;

/** Where an authority gives tokens. */
export interface TokenEndpoint {
  readonly origin: string;
  readonly path: string;
  /** AD FS, which knows no tenants and older signatures. */
  readonly adfs: boolean;
}

/** Whom a federated token speaks of; empty where it does not say. */
export interface Claims {
  readonly issuer: string;
  readonly subject: string;
  readonly audience: string;
}

/** What a refusal's remedy needs to know. */
export interface RefusalContext {
  /** `cannot sign in as …`. */
  readonly what: string;
  readonly proof: ApplicationProof;
  /** The one that was asked. */
  readonly tenant: string;
  readonly endpoint: TokenEndpoint;
  readonly audience: string;
  readonly claims: Claims | undefined;
}

/** What a refusal means, in our words. */
export interface Refusal {
  readonly code: ErrorCode;
  readonly reason: string;
  readonly hint?: string | undefined;
}

/** What an application signs in with. */
export interface ClientCertificate {
  readonly key: KeyObject;
  /** The certificate of the key. */
  readonly leaf: X509Certificate;
  /** The leaf and what else came with it, when that is to be sent. */
  readonly chain: readonly X509Certificate[] | undefined;
}

/** What a file or text held, before it was looked at. */
export interface KeyAndCertificates {
  readonly key: KeyObject | undefined;
  readonly certificates: readonly X509Certificate[];
}
