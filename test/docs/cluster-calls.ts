import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseAllDocuments, stringify } from "yaml";
import type { CliAnswer } from "./azure-cli.ts";
import type { Answerer } from "./commands.ts";

export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly stringData?: Readonly<Record<string, string>>;
}

/** What a cluster would have after the calls: as much of kubectl as the pages use. */
export interface RememberedCluster {
  readonly answer: Answerer;
  /** By name: the values of the Secret. */
  readonly secrets: ReadonlyMap<string, Readonly<Record<string, string>>>;
  readonly locations: readonly KubernetesObject[];
}

export function rememberCluster(): RememberedCluster {
  const secrets = new Map<string, Readonly<Record<string, string>>>();
  const locations: KubernetesObject[] = [];
  const keep = (object: KubernetesObject): void => {
    if (object.kind === "Secret") secrets.set(object.metadata.name, object.stringData ?? {});
    else locations.push(object);
  };
  return {
    secrets,
    locations,
    answer: async ({ tool, args: all, cwd, input }) => {
      const args = all[0] === "-n" ? all.slice(2) : all;
      if (tool !== "kubectl") return said("");
      switch (args[0]) {
        case "create": {
          const secret = await secretOf(args, cwd);
          if (args.includes("--dry-run=client")) return said(stringify(secret));
          if (secrets.has(secret.metadata.name))
            return refused(`secret ${secret.metadata.name} is there already`);
          keep(secret);
          return said("");
        }
        case "apply": {
          const file = args[args.indexOf("-f") + 1] ?? "";
          const text = file === "-" ? input : await readFile(join(cwd, file), "utf8");
          for (const document of parseAllDocuments(text)) keep(document.toJS() as KubernetesObject);
          return said("");
        }
        case "logs":
          return said('level=debug msg="signing in"\nlevel=warning msg="the SAS token expires in 3 days"\n');
        case "patch":
        case "get":
        case "run":
        case "set":
          return said("");
        default:
          return refused(`the test does not know kubectl ${args.join(" ")}`);
      }
    },
  };
}

/** `create secret generic NAME --from-file=KEY=FILE`. */
async function secretOf(args: readonly string[], cwd: string): Promise<KubernetesObject> {
  const [, kind, type, name = ""] = args;
  const [, key = "", file = ""] =
    /^--from-file=(\w+)=(\S+)$/.exec(args.find((arg) => arg.startsWith("--from-file=")) ?? "") ?? [];
  if (kind !== "secret" || type !== "generic") throw new Error(`the test cannot create ${args.join(" ")}`);
  const stringData = { [key]: await readFile(join(cwd, file), "utf8") };
  return { apiVersion: "v1", kind: "Secret", metadata: { name, namespace: "velero" }, stringData };
}

function said(output: string): CliAnswer {
  return { code: 0, output, errors: "" };
}

function refused(errors: string): CliAnswer {
  return { code: 1, output: "", errors: `${errors}\n` };
}
