import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ApplicationRecord } from "../../simulator/entra/state.ts";
import { localIssuer, type LocalIssuer } from "../../simulator/entra/local-issuer.ts";
import { startSimulator, type Simulator } from "../../simulator/simulator.ts";
import { type AzureCli, type CliAnswer, startAzureCli } from "./azure-cli.ts";
import type { Answerer } from "./commands.ts";

/** What the pages call their tenants and subscriptions. */
export const CONTOSO = {
  tenantId: "11111111-1111-4111-8111-111111111111",
  subscriptionId: "33333333-3333-4333-8333-333333333333",
};
const FABRIKAM = {
  tenantId: "22222222-2222-4222-8222-222222222222",
  subscriptionId: "44444444-4444-4444-8444-444444444444",
};
/** What AKS named the group with the nodes and their disks. */
export const NODE_GROUP = "MC_cluster_production_westeurope";
const ISSUER = "https://oidc.prod-aks.invalid/production/";

/** A simulated Azure, and the real Azure CLI signed in to it as an owner of two tenants' subscriptions. */
export interface AzureWorld extends Simulator, AsyncDisposable {
  readonly folder: string;
  /** The cluster that the pages speak of. */
  readonly issuer: LocalIssuer;
  /** For a plugin that shall reach it under public Azure's names. */
  readonly environment: Readonly<Record<string, string>>;
  readonly az: Answerer;
}

export async function startAzureWorld(): Promise<AzureWorld> {
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), "velero-azure-docs-"));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const simulator = await startSimulator();
  stack.defer(() => simulator.stop());
  const { authority, clock, directory, endpoints } = simulator;
  const issuer = await localIssuer({ issuer: ISSUER, clock });
  directory.trustIssuer({ issuer: ISSUER, jwks: issuer.jwks });
  const ca = join(folder, "ca.pem");
  await writeFile(ca, authority.certificate);
  const proxy = { HTTPS_PROXY: endpoints.proxy, NO_PROXY: "127.0.0.1" };
  const cli = stack.use(await startAzureCli(folder, { ...proxy, REQUESTS_CA_BUNDLE: ca }));
  for (const place of [CONTOSO, FABRIKAM]) await signIn(simulator, cli, folder, place);
  const all = stack.move();
  return {
    ...simulator,
    ...{ folder, issuer },
    environment: {
      ...proxy,
      SSL_CERT_FILE: ca,
      AZURE_POD_IDENTITY_AUTHORITY_HOST: endpoints.imds,
    },
    az: azOf(simulator, cli),
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}

/** In the place of the person who would do it in a browser. */
async function signIn(
  { directory, inventory }: Simulator,
  cli: AzureCli,
  folder: string,
  { tenantId, subscriptionId }: typeof CONTOSO,
): Promise<void> {
  directory.addTenant({ tenantId });
  inventory.addSubscription({ subscriptionId, tenantId });
  const operator = directory.addApplication({ tenantId, displayName: "operator" });
  const scope = `/subscriptions/${subscriptionId}`;
  inventory.assignRole({ principalId: operator.objectId, role: "Owner", scope });
  const { value } = directory.addSecret(operator);
  const login = ["login", "--service-principal", "--username", operator.clientId, "--tenant", tenantId];
  const { code, errors } = await cli.run({
    args: [...login, `--password=${value}`, "--output", "none"],
    cwd: folder,
    input: "",
  });
  assert.equal(code, 0, errors);
}

/**
 * Commands run for real, but those to services that are not simulated (Microsoft Graph, AKS, machines): they are parsed
 * and checked by the CLI itself, and their effect is made by hand.
 */
function azOf(simulator: Simulator, cli: AzureCli): Answerer {
  return async ({ args, cwd, input }) => {
    const option = (name: string): string => args[args.indexOf(name) + 1] ?? "";
    const pretend = (result: unknown): Promise<CliAnswer> => cli.run({ args, cwd, input, result });
    const called = args.slice(
      0,
      args.findIndex((arg) => arg.startsWith("-")),
    );
    switch ((called.length === 0 ? args : called).join(" ")) {
      case "login": {
        const answer = await pretend([]);
        const chosen = ["account", "set", "--subscription", CONTOSO.subscriptionId];
        return answer.code === 0 ? cli.run({ args: chosen, cwd, input }) : answer;
      }
      case "aks show":
        return pretend({
          oidcIssuerProfile: { issuerUrl: ISSUER, enabled: true },
          nodeResourceGroup: NODE_GROUP,
        });
      case "aks update":
      case "vmss identity assign":
        return pretend({});
      case "ad app create":
        return pretend({ appId: register(simulator, option("--display-name")).clientId });
      case "ad sp create":
        return pretend({ id: applicationOf(simulator, option("--id")).objectId });
      case "ad app credential reset":
        return pretend(await credential(simulator, applicationOf(simulator, option("--id")), args, cwd));
      case "ad app credential list": {
        const { secrets } = applicationOf(simulator, option("--id"));
        return pretend(
          secrets.map(({ keyId }, index) => ({ keyId, displayName: index === 0 ? "velero" : "velero-2" })),
        );
      }
      case "ad app credential delete":
        simulator.directory.removeSecret(applicationOf(simulator, option("--id")), option("--key-id"));
        return pretend({});
      case "ad app federated-credential create":
        simulator.directory.addFederatedCredential(
          applicationOf(simulator, option("--id")),
          JSON.parse(option("--parameters")) as Parameters<
            Simulator["directory"]["addFederatedCredential"]
          >[1],
        );
        return pretend({});
      default:
        return cli.run({ args, cwd, input });
    }
  };
}

function register({ directory }: Simulator, displayName: string): ApplicationRecord {
  return directory.addApplication({ tenantId: CONTOSO.tenantId, displayName });
}

function applicationOf({ directory }: Simulator, clientId: string): ApplicationRecord {
  const found = directory.application(CONTOSO.tenantId, clientId);
  assert.ok(found, `there is no application "${clientId}"`);
  return found;
}

async function credential(
  { directory }: Simulator,
  application: ApplicationRecord,
  args: readonly string[],
  cwd: string,
): Promise<unknown> {
  const certificate = args[args.indexOf("--cert") + 1];
  if (args.includes("--cert")) {
    assert.match(certificate ?? "", /^@/, "--cert takes a file's content by @");
    directory.addCertificate(application, await readFile(join(cwd, certificate?.slice(1) ?? ""), "utf8"));
    return {};
  }
  return { password: directory.addSecret(application).value };
}
