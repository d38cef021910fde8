import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { ApplicationRecord } from "../../simulator/entra/state.ts";
import type { FederatedCredential } from "../../simulator/core/principals.ts";
import type { ClusterParts } from "../cluster/cluster.ts";
import type { Kubernetes } from "../cluster/kubernetes.ts";
import { projectToken, publishIssuer } from "../cluster/service-accounts.ts";
import { SimulatedAzure } from "../cluster/simulated-azure.ts";
import type { Location } from "../cluster/velero.ts";
import { hours, sasToken } from "../executable/sas.ts";

const AUDIENCE = "api://AzureADTokenExchange";
const GROUP = "backups";
const CONTAINER = "velero";

const contoso = {
  tenantId: "c0000000-0000-4000-8000-000000000001",
  subscriptionId: "c0000000-0000-4000-8000-000000000002",
};
const fabrikam = {
  tenantId: "fab00000-0000-4000-8000-000000000001",
  subscriptionId: "fab00000-0000-4000-8000-000000000002",
};

/** The locations whose service account tokens lie in files, each in one of its own. */
export type TokenHolder = "pod" | "contoso" | "fabrikam";

/**
 * Two tenants of a local Azure and their backup locations. Each identity has a role on its own storage account and on
 * no other, so that none of them works in another's place.
 *
 * `default` by the pod's workload identity, `contoso` and `fabrikam` by one of their own in those two tenants,
 * `principal` by a client secret that fetches the account's key, `sas` by a SAS token. `mistaken` has the account of
 * `fabrikam` and the identity of `contoso`.
 */
export class TwoTenants {
  readonly azure: SimulatedAzure;
  readonly locations: Location[] = [];
  /** What no log may hold, by what it is. */
  readonly secrets = new Map<string, string>();
  /** What the workload identity webhook gives to the pod. */
  environment: Readonly<Record<string, string>> = {};
  readonly #trust: FederatedCredential;
  readonly #tokens: string;
  readonly #listings = new Map<string, { readonly account: string; readonly sas: string }>();
  #contoso: ApplicationRecord | undefined;

  private constructor(azure: SimulatedAzure, parts: ClusterParts) {
    this.azure = azure;
    this.#tokens = join(parts.namespace.folder, "tokens");
    this.#trust = {
      name: "velero",
      issuer: parts.kubernetes.issuer,
      subject: "system:serviceaccount:velero:velero",
      audiences: [AUDIENCE],
    };
    this.secrets.set("the control port's token", azure.controlToken);
  }

  /** Tokens come later: Velero's service account is not there yet. */
  static async start(parts: ClusterParts): Promise<TwoTenants> {
    const azure = await SimulatedAzure.start(parts.namespace);
    const tenants = new TwoTenants(azure, parts);
    mkdirSync(tenants.#tokens, { mode: 0o700 });
    await publishIssuer(parts.kubernetes);
    const ca = readFileSync(parts.certificates.ca, "utf8");
    await azure.directory("trustIssuer", { issuer: parts.kubernetes.issuer, ca });
    for (const { tenantId, subscriptionId } of [contoso, fabrikam]) {
      await azure.directory("addTenant", { tenantId });
      await azure.inventory("addSubscription", { subscriptionId, tenantId });
      await azure.inventory("addResourceGroup", { subscriptionId, name: GROUP });
    }
    await tenants.#addPod();
    await tenants.#addContoso();
    await tenants.#addFabrikam();
    await tenants.#addPrincipal();
    await tenants.#addSas();
    return tenants;
  }

  /** A fresh token of kube-apiserver's into the holder's file; good for ten minutes at the least. */
  async projectToken(kubernetes: Kubernetes, holder: TokenHolder, seconds: number): Promise<void> {
    const token = await projectToken(kubernetes, this.#tokenFile(holder), {
      namespace: "velero",
      serviceAccount: "velero",
      audience: AUDIENCE,
      seconds,
    });
    this.secrets.set(`service account token ${this.secrets.size}`, token);
  }

  async distrustContoso(): Promise<void> {
    await this.azure.directory("removeFederatedCredential", this.#contosoApplication, this.#trust.name);
  }

  async trustContosoAgain(): Promise<void> {
    await this.azure.directory("addFederatedCredential", this.#contosoApplication, this.#trust);
  }

  /** The names of the blobs in a location's container. */
  async blobNames(location: string): Promise<readonly string[]> {
    const listing = this.#listings.get(location);
    if (listing === undefined) throw new Error(`there is no location "${location}"`);
    return this.azure.blobNames(listing.account, CONTAINER, listing.sas);
  }

  get #contosoApplication(): ApplicationRecord {
    if (this.#contoso === undefined) throw new Error("asked before it was added");
    return this.#contoso;
  }

  #tokenFile(holder: TokenHolder): string {
    return join(this.#tokens, holder);
  }

  /** As with the official plugin: nothing in the location's own file, a managed identity in the pod's environment. */
  async #addPod(): Promise<void> {
    const { id, uri } = await this.#addAccount("default", "contosopodstore", contoso.subscriptionId);
    const identity = await this.#addIdentity("velero-pod", contoso.subscriptionId, id);
    this.environment = {
      AZURE_CLIENT_ID: identity.clientId,
      AZURE_TENANT_ID: contoso.tenantId,
      AZURE_FEDERATED_TOKEN_FILE: this.#tokenFile("pod"),
      AZURE_AUTHORITY_HOST: `${this.azure.endpoints.entra}/`,
    };
    this.#addLocation(
      "default",
      { storageAccount: "contosopodstore", storageAccountURI: uri, useAAD: "true" },
      { AZURE_SUBSCRIPTION_ID: contoso.subscriptionId, AZURE_RESOURCE_GROUP: GROUP },
    );
  }

  /** An application, in a cloud that a file describes. */
  async #addContoso(): Promise<void> {
    const { id, uri } = await this.#addAccount("contoso", "contosostore", contoso.subscriptionId);
    const { tenantId } = contoso;
    const application = await this.azure.directory("addApplication", { tenantId, displayName: "velero" });
    this.#contoso = application;
    await this.azure.directory("addFederatedCredential", application, this.#trust);
    await this.#allow(application.objectId, "Storage Blob Data Contributor", id);
    const credentials = {
      AZURE_CLOUD_NAME: "AZURESTACKCLOUD",
      AZURE_ENVIRONMENT_FILEPATH: this.azure.cloudFile,
      AZURE_TENANT_ID: tenantId,
      AZURE_CLIENT_ID: application.clientId,
      AZURE_FEDERATED_TOKEN_FILE: this.#tokenFile("contoso"),
    };
    const own = { storageAccount: "contosostore", storageAccountURI: uri, useAAD: "true" };
    this.#addLocation("contoso", own, credentials);
    const foreign = {
      storageAccount: "fabrikamstore",
      storageAccountURI: this.azure.blobEndpoint("fabrikamstore"),
    };
    this.#addLocation("mistaken", { ...foreign, useAAD: "true" }, credentials);
  }

  /** A managed identity, by an authority that the location itself names. */
  async #addFabrikam(): Promise<void> {
    const { id, uri } = await this.#addAccount("fabrikam", "fabrikamstore", fabrikam.subscriptionId);
    const identity = await this.#addIdentity("velero", fabrikam.subscriptionId, id);
    this.#addLocation(
      "fabrikam",
      {
        storageAccount: "fabrikamstore",
        storageAccountURI: uri,
        activeDirectoryAuthorityURI: this.azure.endpoints.entra,
        useAAD: "true",
      },
      {
        AZURE_TENANT_ID: fabrikam.tenantId,
        AZURE_CLIENT_ID: identity.clientId,
        AZURE_FEDERATED_TOKEN_FILE: this.#tokenFile("fabrikam"),
      },
    );
  }

  /** A service principal that may do no more than fetch the account's keys, in a cloud that Resource Manager describes. */
  async #addPrincipal(): Promise<void> {
    const { tenantId, subscriptionId } = fabrikam;
    const { id, uri } = await this.#addAccount("principal", "principalstore", subscriptionId);
    const application = await this.azure.directory("addApplication", { tenantId, displayName: "principal" });
    const { value } = await this.azure.directory("addSecret", application);
    this.secrets.set("the client secret", value);
    await this.#allow(application.objectId, "Storage Account Key Operator Service Role", id);
    this.#addLocation(
      "principal",
      { storageAccount: "principalstore", storageAccountURI: uri, resourceGroup: GROUP, subscriptionId },
      {
        AZURE_CLOUD_NAME: "AZURESTACKCLOUD",
        AZURE_RESOURCE_MANAGER_ENDPOINT: this.azure.endpoints.resourceManager,
        AZURE_TENANT_ID: tenantId,
        AZURE_CLIENT_ID: application.clientId,
        AZURE_CLIENT_SECRET: value,
      },
    );
  }

  async #addSas(): Promise<void> {
    const account = "contososasstore";
    const { key, uri } = await this.#addAccount("sas", account, contoso.subscriptionId);
    const sas = sasToken({ account, key }, { startsOn: hours(-1), expiresOn: hours(24 * 30) });
    this.secrets.set("the SAS token's signature", new URLSearchParams(sas).get("sig") ?? "");
    this.secrets.set("the SAS token", sas);
    this.#addLocation(
      "sas",
      { storageAccount: account, storageAccountBlobEndpoint: uri, storageAccountSASTokenEnvVar: "AZURE_SAS" },
      { AZURE_SAS: `?${sas}` },
    );
  }

  async #addAccount(
    location: string,
    name: string,
    subscriptionId: string,
  ): Promise<{ readonly id: string; readonly uri: string; readonly key: string }> {
    const place = { subscriptionId, resourceGroup: GROUP, name };
    const { id, keys } = await this.azure.inventory("addStorageAccount", place);
    for (const { keyName, value } of keys) this.secrets.set(`${keyName} of ${name}`, value);
    const key = keys[0]?.value ?? "";
    await this.azure.createContainer(name, CONTAINER);
    const validity = { startsOn: hours(-1), expiresOn: hours(24) };
    this.#listings.set(location, { account: name, sas: sasToken({ account: name, key }, validity) });
    return { id, uri: this.azure.blobEndpoint(name), key };
  }

  async #addIdentity(
    name: string,
    subscriptionId: string,
    account: string,
  ): Promise<{ readonly clientId: string }> {
    const place = { subscriptionId, resourceGroup: GROUP, name };
    const identity = await this.azure.inventory("addUserAssignedIdentity", place);
    await this.azure.inventory("addFederatedCredential", identity.id, this.#trust);
    await this.#allow(identity.principalId, "Storage Blob Data Contributor", account);
    return identity;
  }

  async #allow(principalId: string, role: string, scope: string): Promise<void> {
    await this.azure.inventory("assignRole", { principalId, role, scope });
  }

  #addLocation(
    name: string,
    config: Readonly<Record<string, string>>,
    credentials: Readonly<Record<string, string>>,
  ): void {
    this.locations.push({ name, bucket: CONTAINER, config, credentials, authority: this.azure.authority });
  }
}
