import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { describeProtos, generateCodecs } from "../scripts/proto.ts";
import { buildGoProgram } from "./host/go-program.ts";

interface Field {
  readonly name: string;
  readonly number: number;
  readonly label: string;
  readonly type: string;
  readonly typeName?: string;
  readonly oneofIndex?: number;
  readonly proto3Optional?: boolean;
}

interface Enum {
  readonly name: string;
  readonly value: readonly { readonly name: string; readonly number?: number }[];
}

interface Message {
  readonly name: string;
  readonly field?: readonly Field[];
  readonly nestedType?: readonly Message[];
  readonly enumType?: readonly Enum[];
  readonly options?: { readonly mapEntry?: boolean };
}

interface Method {
  readonly name: string;
  readonly inputType: string;
  readonly outputType: string;
  readonly clientStreaming?: boolean;
  readonly serverStreaming?: boolean;
}

interface FileDescriptorSet {
  readonly file: readonly {
    readonly package: string;
    readonly syntax?: string;
    readonly messageType?: readonly Message[];
    readonly enumType?: readonly Enum[];
    readonly service?: readonly { readonly name: string; readonly method?: readonly Method[] }[];
  }[];
}

/** One line of plain facts for each thing that the wire can tell apart, by its full name. */
function factsOf(set: FileDescriptorSet): Map<string, string> {
  const facts = new Map<string, string>();
  for (const file of set.file) {
    for (const message of file.messageType ?? []) {
      addMessage(facts, `${file.package}.${message.name}`, message, file.syntax);
    }
    for (const one of file.enumType ?? []) {
      addEnum(facts, `${file.package}.${one.name}`, one);
    }
    for (const service of file.service ?? []) {
      for (const method of service.method ?? []) {
        const streams = `${method.clientStreaming === true} ${method.serverStreaming === true}`;
        const name = `/${file.package}.${service.name}/${method.name}`;
        facts.set(name, `${method.inputType} ${method.outputType} ${streams}`);
      }
    }
  }
  return facts;
}

function addMessage(facts: Map<string, string>, name: string, message: Message, syntax?: string): void {
  const fields = (message.field ?? []).map((field) => {
    const oneof = field.oneofIndex ?? "-";
    const { number, label, type, typeName, proto3Optional } = field;
    return `${number} ${field.name} ${label} ${type} ${typeName ?? "-"} ${oneof} ${proto3Optional === true}`;
  });
  facts.set(name, [syntax, message.options?.mapEntry === true, ...fields.toSorted()].join("\n"));
  for (const nested of message.nestedType ?? []) {
    addMessage(facts, `${name}.${nested.name}`, nested, syntax);
  }
  for (const one of message.enumType ?? []) {
    addEnum(facts, `${name}.${one.name}`, one);
  }
}

function addEnum(facts: Map<string, string>, name: string, { value }: Enum): void {
  facts.set(name, value.map((one) => `${one.number ?? 0} ${one.name}`).join("\n"));
}

// What the parsed JSON is made of is decided by protobuf's own JSON mapping, the same on both sides.
const ours = factsOf(describeProtos() as FileDescriptorSet);
const theirs = factsOf(
  JSON.parse(execFileSync(await buildGoProgram("descriptors"), { encoding: "utf8" })) as FileDescriptorSet,
);

test("our .proto files say what Velero's, go-plugin's and gRPC's own descriptors say", () => {
  assert.ok(ours.size > 40, "too few facts: were the files read?");
  const actual = Object.fromEntries(ours);
  const expected = Object.fromEntries([...ours.keys()].map((name) => [name, theirs.get(name)]));
  assert.deepEqual(actual, expected);
});

test("no call of the services that the plugin serves is missing", () => {
  const services = new Set([...ours.keys()].filter((name) => name.startsWith("/")).map(serviceOf));
  assert.equal(services.size, 7);
  const missing = [...theirs.keys()].filter((name) => services.has(serviceOf(name)) && !ours.has(name));
  // Health/List is newer than go-plugin's use of the service; a client that asks gets Unimplemented.
  assert.deepEqual(missing, ["/grpc.health.v1.Health/List"]);
});

function serviceOf(name: string): string {
  return name.slice(0, name.lastIndexOf("/"));
}

test("the committed codecs are those that the .proto files make (else: node scripts/proto.ts)", () => {
  const folder = mkdtempSync(join(tmpdir(), "velero-azure-proto-"));
  try {
    generateCodecs(folder);
    const committed = fileURLToPath(new URL("../src/plugin/gen", import.meta.url));
    assert.deepEqual(readTree(committed), readTree(folder));
  } finally {
    rmSync(folder, { recursive: true });
  }
});

function readTree(folder: string): Record<string, string> {
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) =>
    name.endsWith(".ts"),
  );
  return Object.fromEntries(files.toSorted().map((name) => [name, readFileSync(join(folder, name), "utf8")]));
}
