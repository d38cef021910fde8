import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { parse } from "yaml";

const run = promisify(execFile);

/** As much of an OpenAPI schema as Velero's custom resource definitions have. */
export interface Schema {
  readonly type?: string;
  readonly format?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema | boolean;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly enum?: readonly unknown[];
  readonly nullable?: boolean;
}

interface Definition {
  readonly spec: {
    readonly versions: readonly {
      readonly name: string;
      readonly schema: { readonly openAPIV3Schema: Schema };
    }[];
  };
}

/** The schema of a kind of Velero's, from the definitions of the Velero module that test/go/velero pins. */
export async function veleroSchema(plural: string, version: string): Promise<Schema> {
  const cwd = fileURLToPath(new URL("../go/velero", import.meta.url));
  const question = ["list", "-m", "-f", "{{.Dir}}", "github.com/vmware-tanzu/velero"];
  await run("go", ["mod", "download", "github.com/vmware-tanzu/velero"], { cwd });
  const folder = (await run("go", question, { cwd })).stdout.trim();
  const file = join(folder, "config/crd/v1/bases", `velero.io_${plural}.yaml`);
  const definition = parse(await readFile(file, "utf8")) as Definition;
  const found = definition.spec.versions.find(({ name }) => name === version);
  if (found === undefined) throw new Error(`Velero has no ${plural} of version ${version}`);
  return found.schema.openAPIV3Schema;
}

/** What of a value an API server would refuse or silently drop, each with its path. */
export function violations(schema: Schema, value: unknown, path = ""): string[] {
  if (value === null) return schema.nullable === true ? [] : [`${path} is null`];
  if (schema.enum !== undefined && !schema.enum.includes(value)) {
    return [`${path} is none of ${schema.enum.join(", ")}`];
  }
  switch (schema.type) {
    case "object":
      return objectViolations(schema, value, path);
    case "array":
      return Array.isArray(value)
        ? value.flatMap((item, index) => violations(schema.items ?? {}, item, `${path}[${index}]`))
        : [`${path} is no list`];
    case "integer":
      return Number.isInteger(value) ? [] : [`${path} is no whole number`];
    case undefined:
      return [];
    default:
      return typeof value === schema.type ? [] : [`${path} is no ${schema.type}, but ${typeof value}`];
  }
}

function objectViolations(schema: Schema, value: unknown, path: string): string[] {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return [`${path} is no object`];
  const { properties = {}, additionalProperties, required = [] } = schema;
  // `metadata` has no schema of its own there: the API server knows it.
  const open = schema.properties === undefined && additionalProperties === undefined;
  const missing = required.filter((name) => !(name in value)).map((name) => `${path}.${name} is missing`);
  const found = Object.entries(value).flatMap(([name, child]) => {
    const known =
      properties[name] ?? (typeof additionalProperties === "object" ? additionalProperties : undefined);
    if (known !== undefined) return violations(known, child, `${path}.${name}`);
    return open ? [] : [`${path}.${name} is not known`];
  });
  return [...missing, ...found];
}
