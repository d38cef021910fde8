import { parse } from "yaml";
import { Failure } from "../../src/errors/error.ts";
import { blocks, type Page, readPage } from "../docs/page.ts";

/** What docs/sign-in/workload-identity.md has its reader apply, and what that takes for granted. */
export interface DocumentedLocation {
  /** The page's own YAML, to the letter: the Secret and the location. */
  readonly manifest: string;
  readonly name: string;
  readonly bucket: string;
  readonly storageAccount: string;
  readonly tenantId: string;
  readonly clientId: string;
}

interface LocationManifest {
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly objectStorage: { readonly bucket: string };
    readonly config: { readonly storageAccount: string };
  };
}

interface SecretManifest {
  readonly stringData: { readonly cloud: string };
}

export async function documentedLocation(): Promise<DocumentedLocation> {
  const page = await readPage("workload-identity");
  const texts = [only(page, "secret"), only(page, "location.yaml")] as const;
  const secret: SecretManifest = parse(texts[0]);
  const { metadata, spec }: LocationManifest = parse(texts[1]);
  const value = (key: string): string =>
    new RegExp(`^${key}=(.+)$`, "m").exec(secret.stringData.cloud)?.[1] ?? missing(`${key} in the Secret`);
  return {
    manifest: texts.join("---\n"),
    name: metadata.name,
    bucket: spec.objectStorage.bucket,
    storageAccount: spec.config.storageAccount,
    tenantId: value("AZURE_TENANT_ID"),
    clientId: value("AZURE_CLIENT_ID"),
  };
}

function only(page: Page, mark: string): string {
  const [found, ...others] = blocks(page, "yaml", mark);
  if (found === undefined || others.length > 0) return missing(`exactly one block "yaml ${mark}"`);
  return found.text;
}

function missing(what: string): never {
  throw new Failure("NotFound", `cannot follow docs/sign-in/workload-identity.md: it lacks ${what}`);
}
