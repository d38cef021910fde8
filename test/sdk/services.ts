import type { SimulatedClock } from "../../simulator/core/clock.ts";
import type { FaultQueue } from "../../simulator/core/faults.ts";
import { signedAccessTokens } from "../../simulator/core/signed-access-tokens.ts";
import { blobGate } from "../../simulator/blob-gate/gate.ts";
import { type Directory, principalsOf } from "../../simulator/entra/directory.ts";
import { entra } from "../../simulator/entra/entra.ts";
import type { LocalIssuer } from "../../simulator/entra/local-issuer.ts";
import type { Handler } from "../../simulator/http/message.ts";
import type { Inventory } from "../../simulator/resource-manager/inventory.ts";
import { resourceManager } from "../../simulator/resource-manager/resource-manager.ts";
import type { Azurite } from "../azurite.ts";

/** The hosts of a cloud. */
export interface CloudHosts {
  readonly login: string;
  readonly management: string;
  /** An account's host is its name, a dot, and this. */
  readonly blobSuffix: string;
}

export const PUBLIC: CloudHosts = {
  login: "login.microsoftonline.com",
  management: "management.azure.com",
  blobSuffix: "blob.core.windows.net",
};

/** A cloud that no SDK knows. */
export const CUSTOM: CloudHosts = {
  login: "login.stack.test",
  management: "management.stack.test",
  blobSuffix: "blob.stack.test",
};

export interface Services {
  readonly hosts: CloudHosts;
  readonly clock: SimulatedClock;
  readonly faults: FaultQueue;
  readonly directory: Directory;
  readonly inventory: Inventory;
  readonly issuer: LocalIssuer;
  /** Keeps the blobs; without it there is no blob service. */
  readonly azurite: Azurite | undefined;
}

/** All of a simulated cloud but its instance metadata, told apart by the host that a client speaks to. */
export async function servicesByHost(services: Services): Promise<Handler> {
  const { hosts, clock, faults, directory, inventory, issuer } = services;
  const tokens = await signedAccessTokens({ clock });
  const signIn = entra({
    ...{ clock, faults, tokens, directory },
    principals: principalsOf(directory, inventory),
    resources: [`https://${hosts.management}`],
  });
  const manager = resourceManager({
    ...{ inventory, tokens, faults, clock },
    endpoints: () => ({
      name: hosts === PUBLIC ? "AzureCloud" : "Stack",
      login: `https://${hosts.login}`,
      audiences: [`https://${hosts.management}`, `https://${hosts.management}/`],
      storageSuffix: hosts.blobSuffix.replace(/^blob\./, ""),
      blob: (account) => `https://${account}.${hosts.blobSuffix}/`,
    }),
    containers: {
      list: async () => [],
      exists: async () => false,
      create: async () => {},
      delete: async () => {},
    },
  });
  const blobs = gateBefore(services, tokens);
  return async (request) => {
    const host = new URL(request.origin).hostname;
    if (host === hosts.login) return signIn(request);
    if (host === hosts.management) return manager(request);
    return host.endsWith(`.${hosts.blobSuffix}`) ? blobs(request) : issuer.handler(request);
  };
}

function gateBefore(
  { hosts, clock, faults, inventory, azurite }: Services,
  accessTokens: Awaited<ReturnType<typeof signedAccessTokens>>,
): Handler {
  if (azurite === undefined) return async () => ({ status: 503, headers: {} });
  return blobGate({
    ...{ clock, faults, accessTokens, accessControl: inventory },
    accounts: { find: (name) => inventory.storageAccount(name) },
    upstream: {
      origin: new URL(azurite.url).origin,
      account: (name) => {
        const found = azurite.accounts.find(({ account }) => account === name);
        return found && { name: found.account, key: found.key };
      },
    },
    loginEndpoint: `https://${hosts.login}`,
    blobSuffix: hosts.blobSuffix,
  });
}
