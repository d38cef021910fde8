/**
 * Makes the TypeScript codecs in src/plugin/gen from the .proto files in proto/:
 * `node scripts/proto.ts [OUTPUT]`. test/proto.test.ts fails when what is committed differs.
 */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));

/**
 * Only what the wire needs: the codecs are loaded at every start of the plugin, before the handshake's answer.
 * `env=both` leaves bytes as views of the received buffer, where `env=node` copies them.
 */
const codecOptions = [
  "outputServices=generic-definitions",
  "outputJsonMethods=false",
  "outputPartialMethods=false",
  "esModuleInterop=true",
  "importSuffix=.ts",
  "env=both",
  "forceLong=bigint",
  "enumsAsLiterals=true",
  "unrecognizedEnum=false",
  "comments=false",
  "annotateFilesWithVersion=false",
];

/** Writes the codecs of every .proto file, and of what they import, into the folder. */
export function generateCodecs(output: string): void {
  const plugin = {
    local: [process.execPath, "node_modules/ts-proto/protoc-gen-ts_proto"],
    out: output,
    include_imports: true,
    include_wkt: true,
    opt: codecOptions,
  };
  const template = {
    version: "v2",
    clean: true,
    inputs: [{ directory: "proto" }],
    plugins: [plugin],
  };
  buf(["generate", "--template", JSON.stringify(template)]);
}

/** The descriptors of every .proto file, and of what they import: a google.protobuf.FileDescriptorSet as JSON. */
export function describeProtos(): unknown {
  return JSON.parse(buf(["build", "proto", "--as-file-descriptor-set", "-o", "-#format=json"]));
}

function buf(args: readonly string[]): string {
  const run = spawnSync("node_modules/.bin/buf", args, { cwd: root, encoding: "utf8" });
  if (run.error !== undefined) {
    throw new Error("cannot run buf: is @bufbuild/buf installed for this platform?", {
      cause: run.error,
    });
  }
  if (run.status !== 0) {
    throw new Error(`buf ${args[0]} failed: ${run.stderr}`);
  }
  return run.stdout;
}

if (import.meta.main) {
  generateCodecs(process.argv[2] ?? "src/plugin/gen");
}
