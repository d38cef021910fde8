import type { Secret } from "../secret/secret.ts";

/** The ways to sign in that are an identity of Microsoft Entra. */
export type IdentityMethod =
  | "client secret"
  | "client certificate"
  | "workload identity"
  | "managed identity";

/** An application in a tenant. */
interface Application {
  /** GUID or domain; `adfs` with AD FS. */
  readonly tenant: string;
  readonly client: string;
  /** Tenants besides its own that tokens may be got from; `*` stands for every one. */
  readonly additionalTenants: readonly string[];
}

export interface ClientSecretProof extends Application {
  readonly method: "client secret";
  readonly secret: Secret;
}

export interface ClientCertificateProof extends Application {
  readonly method: "client certificate";
  /** PEM text, or the path of a file, PEM or PKCS#12, that is read at each sign-in. */
  readonly certificate: { readonly pem: Secret } | { readonly path: string };
  readonly password: Secret | undefined;
  /** Whether the whole chain goes with each sign-in, for trust by subject name and issuer. */
  readonly sendChain: boolean;
  /** The key of the credentials file that holds or names the certificate, for messages. */
  readonly key: string;
}

export interface WorkloadIdentityProof extends Application {
  readonly method: "workload identity";
  /** Path of the service account's token, read at each sign-in. */
  readonly tokenFile: string;
}

export interface ManagedIdentityProof {
  readonly method: "managed identity";
  /** Of a user-assigned identity; undefined for the machine's own. */
  readonly client: string | undefined;
  /** Where the machine's tokens come from. */
  readonly endpoint:
    | { readonly kind: "IMDS"; readonly origin: string }
    | { readonly kind: "App Service"; readonly url: string; readonly header: Secret };
}

/** What an identity signs in with, as plain data. */
export type IdentityProof =
  | ClientSecretProof
  | ClientCertificateProof
  | WorkloadIdentityProof
  | ManagedIdentityProof;

/** Who a location is at Microsoft Entra. */
export interface Identity {
  readonly method: IdentityMethod;
  /**
   * As the credentials file holds it now: it is looked at again at each call, so that a rotated secret or another
   * application works without a restart. Throws `Failure` InvalidArgument when a value is not there any more.
   */
  proof(): IdentityProof;
}
