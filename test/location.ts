import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createContainer, startAzurite, type Azurite, type AzuriteAccount } from "./azurite.ts";
import { makeCertificates, trustAuthority } from "./certificates.ts";

/** Azurite over https with a private authority, and what Velero would pass to the plugin for a location in it. */
export interface TestLocation {
  readonly azurite: Azurite;
  /** The container that the config names; it is there. */
  readonly container: string;
  /** The location's config with an account key, as Velero gives it to Init. */
  readonly config: Readonly<Record<string, string>>;
  /** A folder for the test's own files; removed at the end. */
  readonly folder: string;
  /** The config of another account of the same Azurite; makes its container and credentials file. */
  readonly configOf: (account: AzuriteAccount) => Promise<Record<string, string>>;
  readonly stop: () => Promise<void>;
}

export async function startLocation(accounts?: readonly string[]): Promise<TestLocation> {
  const folder = await mkdtemp(join(tmpdir(), "velero-azure-location-"));
  const certificates = await makeCertificates(join(folder, "certificates"));
  trustAuthority(certificates.ca);
  const azurite = await startAzurite({ tls: certificates, ...(accounts === undefined ? {} : { accounts }) });
  const caCert = await readFile(certificates.ca, "utf8");
  const container = "backups";

  const configOf = async (account: AzuriteAccount): Promise<Record<string, string>> => {
    await createContainer(account, container);
    const credentialsFile = join(folder, `credentials-${account.account}`);
    await writeFile(credentialsFile, `LOCATION_KEY=${account.key}\n`, { mode: 0o600 });
    return {
      storageAccount: account.account,
      storageAccountURI: account.url,
      storageAccountKeyEnvVar: "LOCATION_KEY",
      credentialsFile,
      caCert,
      bucket: container,
      prefix: "",
    };
  };
  return {
    azurite,
    container,
    config: await configOf(azurite),
    folder,
    configOf,
    stop: async () => {
      await azurite.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
