import assert from "node:assert/strict";
import { test } from "node:test";
import { loadCredentials, parseCredentials } from "../config/credentials-file.ts";
import { describeFailure, Failure } from "../errors/error.ts";
import { chooseCloud, type CloudChoice } from "./cloud.ts";

type Values = Readonly<Record<string, string>>;

function choose(values: Values | undefined, env: Values = {}, authority?: string): CloudChoice {
  const lines = Object.entries(values ?? {}).map(([key, value]) => `${key}='${value}'`);
  return chooseCloud({
    config: { activeDirectoryAuthorityURI: authority },
    values:
      values === undefined
        ? loadCredentials({ credentialsFile: undefined }, {})
        : parseCredentials("/c", Buffer.from(lines.join("\n"))),
    env,
  });
}

test("without a word the cloud is the public one", () => {
  const { name, from, where, authority } = choose(undefined);
  assert.deepEqual([name, from, authority], ["AzureCloud", "default", undefined]);
  assert.ok(where.kind === "known" && where.cloud.authority === "https://login.microsoftonline.com");
});

test("the cloud's name is the location's own, else the environment's", () => {
  const env = { AZURE_CLOUD_NAME: "AzureChinaCloud" };
  assert.equal(choose({}, env).name, "AzureChinaCloud");
  assert.equal(choose({ AZURE_CLOUD_NAME: "azureusgovernment" }, env).name, "AzureUSGovernment");
});

const FILE = { AZURE_ENVIRONMENT_FILEPATH: "/file.json" };
const ENDPOINT = { AZURE_RESOURCE_MANAGER_ENDPOINT: "https://management.x.example/" };
const CUSTOM = { AZURE_CLOUD_NAME: "AZURESTACKCLOUD" };
const customs: ReadonlyArray<readonly [string, Values, Values, CloudChoice["where"]]> = [
  ["a file of its own", { ...CUSTOM, ...FILE }, {}, { kind: "file", path: "/file.json" }],
  ["the environment's file", CUSTOM, FILE, { kind: "file", path: "/file.json" }],
  ["everything in the environment", {}, { ...CUSTOM, ...FILE }, { kind: "file", path: "/file.json" }],
  [
    "an endpoint of its own",
    { ...CUSTOM, ...ENDPOINT },
    {},
    { kind: "asked", resourceManager: "https://management.x.example" },
  ],
  [
    "an endpoint of its own before the environment's file",
    { ...CUSTOM, ...ENDPOINT },
    FILE,
    { kind: "asked", resourceManager: "https://management.x.example" },
  ],
  ["both of its own", { ...CUSTOM, ...ENDPOINT, ...FILE }, {}, { kind: "file", path: "/file.json" }],
  ["both in the environment", CUSTOM, { ...ENDPOINT, ...FILE }, { kind: "file", path: "/file.json" }],
];
for (const [name, values, env, where] of customs) {
  test(`a custom cloud with ${name} is found there`, () => {
    assert.deepEqual(choose(values, env).where, where);
  });
}

test("an authority is the config's, else of an unnamed cloud the webhook's, else the cloud's own", () => {
  const env = { AZURE_AUTHORITY_HOST: "https://login.pod.example/" };
  assert.equal(choose({}, env, "https://login.own.example").authority?.url, "https://login.own.example");
  assert.equal(choose({}, env).authority?.url, "https://login.pod.example");
  assert.equal(choose({ AZURE_CLOUD_NAME: "AzureChinaCloud" }, env).authority, undefined);
});

const bad: ReadonlyArray<readonly [Values, Values, RegExp]> = [
  [{ AZURE_CLOUD_NAME: "AzureGermanCloud" }, {}, /unknown cloud.*AzureStackCloud/],
  [CUSTOM, {}, /nothing says where.*AZURE_ENVIRONMENT_FILEPATH.*AZURE_RESOURCE_MANAGER_ENDPOINT/],
  [FILE, {}, /AZURE_ENVIRONMENT_FILEPATH.*no effect.*AzureStackCloud/],
  [{ ...CUSTOM, AZURE_RESOURCE_MANAGER_ENDPOINT: "ftp://x" }, {}, /AZURE_RESOURCE_MANAGER_ENDPOINT/],
  [{}, { AZURE_AUTHORITY_HOST: "ftp://x" }, /AZURE_AUTHORITY_HOST/],
];
for (const [values, env, words] of bad) {
  test(`${JSON.stringify({ values, env })} is no cloud`, () => {
    assert.throws(
      () => choose(values, env),
      (error: unknown) =>
        error instanceof Failure && error.code === "InvalidArgument" && words.test(describeFailure(error)),
    );
  });
}
