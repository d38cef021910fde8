import { randomBytes, randomUUID } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type LocalIssuer, localIssuer } from "../../simulator/entra/local-issuer.ts";
import type { Certificate } from "../../simulator/http/certificates.ts";
import type { Simulator } from "../../simulator/simulator.ts";
import { hours, sasToken } from "../../test/executable/sas.ts";
import type { FreshLocation, SignIn } from "./orders.ts";

const bucket = "velero";
const issuerName = "https://cluster.bench.invalid/";
const subject = "system:serviceaccount:velero:velero";

type Values = Readonly<Record<string, string>>;

/** Makes locations in a world, each with a tenant, a subscription, an account and an identity that nobody knows yet. */
export class Locations {
  readonly #world: Simulator;
  readonly #folder: string;
  readonly #issuer: LocalIssuer;
  readonly #client: Certificate;
  readonly #environment: Values;

  private constructor(parts: {
    world: Simulator;
    folder: string;
    issuer: LocalIssuer;
    client: Certificate;
    environment: Values;
  }) {
    this.#world = parts.world;
    this.#folder = parts.folder;
    this.#issuer = parts.issuer;
    this.#client = parts.client;
    this.#environment = parts.environment;
  }

  /** `environment`: of every location's plugin. Files go into `folder`. */
  static async of(world: Simulator, folder: string, environment: Values): Promise<Locations> {
    const issuer = await localIssuer({ issuer: issuerName, clock: world.clock });
    world.directory.trustIssuer({ issuer: issuerName, jwks: issuer.jwks });
    const client = await world.authority.client("velero.bench");
    return new Locations({ world, folder, issuer, client, environment });
  }

  async make(signIn: SignIn): Promise<FreshLocation> {
    const { inventory, containers, directory, authority, log } = this.#world;
    const { tenantId } = directory.addTenant();
    const { subscriptionId } = inventory.addSubscription({ subscriptionId: randomUUID(), tenantId });
    const place = { subscriptionId, resourceGroup: "backups" };
    const group = inventory.addResourceGroup({ subscriptionId, name: place.resourceGroup });
    const name = `bench${randomBytes(8).toString("hex")}`;
    const account = inventory.addStorageAccount({ ...place, name });
    await containers.create(name, bucket);
    const scope = { tenantId, place, group: group.id };
    const { credentials, config, environment, principal } = await this.#signIn(signIn, scope, account);
    if (principal !== undefined) {
      for (const role of ["Storage Blob Data Contributor", "Storage Account Contributor"])
        inventory.assignRole({ principalId: principal, role, scope: account.id });
    }
    log.clear();
    const lines = Object.entries(credentials).map(([key, value]) => `${key}=${value}\n`);
    return {
      bucket,
      config: {
        ...{ bucket, prefix: "", storageAccount: name, caCert: authority.certificate },
        credentialsFile: await this.#file("credentials", lines.join("")),
        ...config,
      },
      environment: { ...this.#environment, ...environment },
    };
  }

  async #signIn(signIn: SignIn, scope: Scope, account: Account): Promise<Prepared> {
    const key = account.keys[0]?.value ?? "";
    switch (signIn.by) {
      case "account key":
        return {
          credentials: { AZURE_STORAGE_KEY: key },
          config: { storageAccountKeyEnvVar: "AZURE_STORAGE_KEY" },
        };
      case "SAS token":
        return {
          credentials: {
            AZURE_SAS: sasToken(
              { account: account.name, key },
              { startsOn: hours(-1), expiresOn: hours(24 * 30) },
            ),
          },
          config: { storageAccountSASTokenEnvVar: "AZURE_SAS" },
        };
      default: {
        const config = {
          ...scope.place,
          ...(signIn.through === "token" ? { useAAD: "true" } : {}),
        };
        const identity = await this.#identity(signIn.by, scope);
        const credentials = { AZURE_CLOUD_NAME: "AzurePublicCloud", ...identity.credentials };
        return { ...identity, config, credentials };
      }
    }
  }

  #identity(by: SignIn["by"], scope: Scope): Promise<Omit<Prepared, "config">> {
    switch (by) {
      case "system-assigned identity":
      case "user-assigned identity":
        return Promise.resolve(this.#managed(by, scope));
      default:
        return this.#application(by, scope);
    }
  }

  #managed(by: SignIn["by"], { tenantId, place, group }: Scope): Omit<Prepared, "config"> {
    const world = this.#world;
    if (by === "system-assigned identity") {
      const resourceId = `${group}/providers/Microsoft.Compute/virtualMachines/node`;
      const { objectId } = world.inventory.addSystemAssignedIdentity({ resourceId, tenantId });
      world.assign({ systemAssigned: resourceId, userAssigned: [] });
      return { credentials: {}, principal: objectId };
    }
    const identity = world.inventory.addUserAssignedIdentity({ ...place, name: "velero" });
    world.assign({ userAssigned: [identity.id] });
    return { credentials: { AZURE_CLIENT_ID: identity.clientId }, principal: identity.principalId };
  }

  async #application(by: SignIn["by"], { tenantId }: Scope): Promise<Omit<Prepared, "config">> {
    const { directory } = this.#world;
    const application = directory.addApplication({ tenantId });
    const principal = application.objectId;
    const names = { AZURE_TENANT_ID: tenantId, AZURE_CLIENT_ID: application.clientId };
    if (by === "client secret") {
      const { value } = directory.addSecret(application);
      return { credentials: { ...names, AZURE_CLIENT_SECRET: value }, principal };
    }
    if (by === "client certificate") {
      directory.addCertificate(application, this.#client.certificate);
      const path = await this.#file("client", `${this.#client.certificate}${this.#client.key}`);
      return { credentials: { ...names, AZURE_CLIENT_CERTIFICATE_PATH: path }, principal };
    }
    const audiences = ["api://AzureADTokenExchange"];
    directory.addFederatedCredential(application, { name: "velero", issuer: issuerName, subject, audiences });
    const token = await this.#file("token", await this.#issuer.token({ subject }));
    // As the webhook of workload identity gives them to a pod.
    return { credentials: {}, environment: { ...names, AZURE_FEDERATED_TOKEN_FILE: token }, principal };
  }

  async #file(name: string, content: string): Promise<string> {
    const path = join(this.#folder, `${name}-${randomBytes(4).toString("hex")}`);
    await writeFile(path, content, { mode: 0o600 });
    return path;
  }
}

interface Scope {
  readonly tenantId: string;
  readonly place: { readonly subscriptionId: string; readonly resourceGroup: string };
  /** Resource ID. */
  readonly group: string;
}

interface Account {
  readonly name: string;
  readonly keys: readonly { readonly value: string }[];
}

interface Prepared {
  readonly credentials: Values;
  readonly config: Values;
  readonly environment?: Values;
  /** Object ID of who needs roles. */
  readonly principal?: string;
}
