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
import { type DocumentedLocation, documentedLocation } from "./documented-location.ts";

const AUDIENCE = "api://AzureADTokenExchange";
const GROUP = "backups";
const CONTAINER = "velero";

const adatum = {
  tenantId: "ada00000-0000-4000-8000-000000000001",
  subscriptionId: "ada00000-0000-4000-8000-000000000002",
};
const fabrikam = {
  tenantId: "fab00000-0000-4000-8000-000000000001",
  subscriptionId: "fab00000-0000-4000-8000-000000000002",
};

/** The locations whose service account tokens lie in files, each in one of its own. */
export type TokenHolder = "pod" | "adatum" | "fabrikam";

/** How to look into a location's container from outside. */
interface Listing {
  readonly account: string;
  readonly container: string;
  readonly sas: string;
}

/**
 * Two tenants of a local Azure and their backup locations. Each identity has a role on its own storage account and on
 * no other, so that none of them works in another's place.
 *
 * `default` by the pod's workload identity, `adatum` and `fabrikam` by one of their own in those two tenants,
 * `principal` by a client secret that fetches the account's key, `sas` by a SAS token. `mistaken` has the account of
 * `fabrikam` and the identity of `adatum`. The documentation's own location has a third tenant, under Azure's real names;
 * it is not among `locations`, since it is applied by kubectl.
 */
export class TwoTenants {
  readonly azure: SimulatedAzure;
  readonly locations: Location[] = [];
  readonly documented: DocumentedLocation;
  /** What no log may hold, by what it is. */
  readonly secrets = new Map<string, string>();
  /** What the workload identity webhook gives to the pod, and the way to Azure. */
  environment: Readonly<Record<string, string>> = {};
  readonly #trust: FederatedCredential;
  readonly #tokens: string;
  readonly #listings = new Map<string, Listing>();
  #adatum: ApplicationRecord | undefined;

  private constructor(azure: SimulatedAzure, parts: ClusterParts, documented: DocumentedLocation) {
    this.azure = azure;
    this.documented = documented;
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
    const tenants = new TwoTenants(azure, parts, await documentedLocation());
    mkdirSync(tenants.#tokens, { mode: 0o700 });
    await publishIssuer(parts.kubernetes);
    const ca = readFileSync(parts.certificates.ca, "utf8");
    await azure.directory("trustIssuer", { issuer: parts.kubernetes.issuer, ca });
    await tenants.#addTenant(adatum);
    await tenants.#addTenant(fabrikam);
    await tenants.#addPod();
    await tenants.#addAdatum();
    await tenants.#addFabrikam();
    await tenants.#addPrincipal();
    await tenants.#addSas();
    await tenants.#addDocumented();
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

  async distrustAdatum(): Promise<void> {
    await this.azure.directory("removeFederatedCredential", this.#adatumApplication, this.#trust.name);
  }

  async trustAdatumAgain(): Promise<void> {
    await this.azure.directory("addFederatedCredential", this.#adatumApplication, this.#trust);
  }

  /** The names of the blobs in a location's container. */
  async blobNames(location: string): Promise<readonly string[]> {
    const listing = this.#listings.get(location);
    if (listing === undefined) throw new Error(`there is no location "${location}"`);
    return this.azure.blobNames(listing.account, listing.container, listing.sas);
  }

  get #adatumApplication(): ApplicationRecord {
    if (this.#adatum === undefined) throw new Error("asked before it was added");
    return this.#adatum;
  }

  #tokenFile(holder: TokenHolder): string {
    return join(this.#tokens, holder);
  }

  /** As with the official plugin: nothing in the location's own file, a managed identity in the pod's environment. */
  async #addPod(): Promise<void> {
    const { id, uri } = await this.#addAccount("default", "adatumpodstore", adatum.subscriptionId);
    const identity = await this.#addIdentity("velero-pod", adatum.subscriptionId, id);
    this.environment = {
      AZURE_CLIENT_ID: identity.clientId,
      AZURE_TENANT_ID: adatum.tenantId,
      AZURE_FEDERATED_TOKEN_FILE: this.#tokenFile("pod"),
      AZURE_AUTHORITY_HOST: "https://login.microsoftonline.com/",
      // The real names lead to the local Azure, which has an address of its own beside them.
      HTTPS_PROXY: this.azure.endpoints.proxy,
      NO_PROXY: "127.0.0.1",
    };
    this.#addLocation(
      "default",
      { storageAccount: "adatumpodstore", storageAccountURI: uri, useAAD: "true" },
      { AZURE_SUBSCRIPTION_ID: adatum.subscriptionId, AZURE_RESOURCE_GROUP: GROUP },
    );
  }

  /** An application, in a cloud that a file describes. */
  async #addAdatum(): Promise<void> {
    const { id, uri } = await this.#addAccount("adatum", "adatumstore", adatum.subscriptionId);
    const { tenantId } = adatum;
    const application = await this.azure.directory("addApplication", { tenantId, displayName: "velero" });
    this.#adatum = application;
    await this.azure.directory("addFederatedCredential", application, this.#trust);
    await this.#allow(application.objectId, "Storage Blob Data Contributor", id);
    const credentials = {
      AZURE_CLOUD_NAME: "AZURESTACKCLOUD",
      AZURE_ENVIRONMENT_FILEPATH: this.azure.cloudFile,
      AZURE_TENANT_ID: tenantId,
      AZURE_CLIENT_ID: application.clientId,
      AZURE_FEDERATED_TOKEN_FILE: this.#tokenFile("adatum"),
    };
    const own = { storageAccount: "adatumstore", storageAccountURI: uri, useAAD: "true" };
    this.#addLocation("adatum", own, credentials);
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
    const account = "adatumsasstore";
    const { key, uri } = await this.#addAccount("sas", account, adatum.subscriptionId);
    const sas = sasToken({ account, key }, { startsOn: hours(-1), expiresOn: hours(24 * 30) });
    this.secrets.set("the SAS token's signature", new URLSearchParams(sas).get("sig") ?? "");
    this.secrets.set("the SAS token", sas);
    this.#addLocation(
      "sas",
      { storageAccount: account, storageAccountBlobEndpoint: uri, storageAccountSASTokenEnvVar: "AZURE_SAS" },
      { AZURE_SAS: `?${sas}` },
    );
  }

  /** With the rights that the page names, which are less than the others'. */
  async #addDocumented(): Promise<void> {
    const { name, bucket, storageAccount, tenantId, clientId } = this.documented;
    const subscriptionId = "0c000000-0000-4000-8000-000000000002";
    await this.#addTenant({ tenantId, subscriptionId });
    const { id } = await this.#addAccount(name, storageAccount, subscriptionId, bucket);
    const place = { subscriptionId, resourceGroup: GROUP, name: "velero" };
    const identity = await this.azure.inventory("addUserAssignedIdentity", { ...place, clientId });
    await this.azure.inventory("addFederatedCredential", identity.id, this.#trust);
    const container = `${id}/blobServices/default/containers/${bucket}`;
    await this.#allow(identity.principalId, "Storage Blob Data Contributor", container);
    await this.#allow(identity.principalId, "Storage Blob Delegator", id);
  }

  async #addTenant({ tenantId, subscriptionId }: typeof adatum): Promise<void> {
    await this.azure.directory("addTenant", { tenantId });
    await this.azure.inventory("addSubscription", { subscriptionId, tenantId });
    await this.azure.inventory("addResourceGroup", { subscriptionId, name: GROUP });
  }

  async #addAccount(
    location: string,
    name: string,
    subscriptionId: string,
    container = CONTAINER,
  ): Promise<{ readonly id: string; readonly uri: string; readonly key: string }> {
    const place = { subscriptionId, resourceGroup: GROUP, name };
    const { id, keys } = await this.azure.inventory("addStorageAccount", place);
    for (const { keyName, value } of keys) this.secrets.set(`${keyName} of ${name}`, value);
    const key = keys[0]?.value ?? "";
    await this.azure.createContainer(name, container);
    const validity = { startsOn: hours(-1), expiresOn: hours(24) };
    const sas = sasToken({ account: name, key }, validity);
    this.#listings.set(location, { account: name, container, sas });
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
