import assert from "node:assert/strict";
import { test } from "node:test";
import { Failure } from "../errors/error.ts";
import { testCertificate } from "./certificate.fixture.ts";
import { configuredEndpoint, parseObjectStoreConfig } from "./object-store-config.ts";
import { keysOf, type RawConfig } from "./location-config.ts";

const account = { storageAccount: "myaccount" };

function failureOf(raw: RawConfig): Failure {
  try {
    parseObjectStoreConfig(raw);
  } catch (error) {
    assert.ok(error instanceof Failure);
    assert.equal(error.code, "InvalidArgument");
    assert.doesNotMatch(error.message, /\n/, "Velero shows one line");
    return error;
  }
  throw new assert.AssertionError({ message: "no failure" });
}

test("a config with nothing but the account has every field, and nothing to warn of", () => {
  const { config, warnings } = parseObjectStoreConfig(account);
  assert.deepEqual(
    Object.keys(config),
    keysOf("object store").map(([key]) => key),
  );
  assert.equal(config.storageAccount, "myaccount");
  assert.equal(config.useAAD, false);
  assert.equal(config.blockSizeInBytes, undefined);
  assert.deepEqual(warnings, []);
  assert.ok(Object.isFrozen(config));
});

test("every key is read", () => {
  const { config, warnings } = parseObjectStoreConfig({
    ...account,
    resourceGroup: "group",
    subscriptionId: "subscription",
    storageAccountURI: "https://myaccount.blob.core.windows.net/",
    storageAccountKeyEnvVar: "MY_KEY",
    useAAD: "t",
    activeDirectoryAuthorityURI: "https://login.microsoftonline.us/",
    blockSizeInBytes: "8388608",
    credentialsFile: "/credentials/cloud",
    allowInsecureEndpoint: "1",
    cacheAccountKey: "false",
    apiVersion: "2019-06-01",
    caCert: testCertificate,
    bucket: "velero",
    prefix: "p/q",
  });
  assert.deepEqual(warnings, []);
  assert.deepEqual(
    { ...config },
    {
      storageAccount: "myaccount",
      resourceGroup: "group",
      subscriptionId: "subscription",
      storageAccountURI: "https://myaccount.blob.core.windows.net",
      storageAccountKeyEnvVar: "MY_KEY",
      useAAD: true,
      activeDirectoryAuthorityURI: "https://login.microsoftonline.us",
      blockSizeInBytes: 8_388_608,
      credentialsFile: "/credentials/cloud",
      storageAccountSASTokenEnvVar: undefined,
      storageAccountBlobEndpoint: undefined,
      allowInsecureEndpoint: true,
      cacheAccountKey: false,
      apiVersion: "2019-06-01",
      caCert: testCertificate,
      caCertEncoded: false,
      bucket: "velero",
      prefix: "p/q",
    },
  );
});

test("a listed account key is kept unless the config says otherwise", () => {
  assert.equal(parseObjectStoreConfig(account).config.cacheAccountKey, true);
});

test("an empty value counts as absent", () => {
  const empty = Object.fromEntries(keysOf("object store").map(([key]) => [key, ""]));
  const { config, warnings } = parseObjectStoreConfig({ ...empty, ...account });
  assert.deepEqual(config, parseObjectStoreConfig(account).config);
  assert.deepEqual(warnings, []);
});

test("all problems come at once, on one line", () => {
  const { message } = failureOf({
    useAAD: "maybe",
    storageAccountSASTokenEnvVar: "SAS",
    allowInsecureEndpoint: "yes\nno",
    storageAccountURI: "ftp://x",
    caCert: "nothing",
    unknown: "x",
    constructor: "y",
  });
  for (const part of [
    "storageAccount is required",
    'useAAD: "maybe" is not a boolean',
    String.raw`allowInsecureEndpoint: "yes\nno" is not a boolean`,
    'storageAccountURI: "ftp://x" must begin with https',
    "caCert: holds no certificate",
    '"constructor", "unknown"',
  ]) {
    assert.ok(message.includes(part), `${part} in ${message}`);
  }
});

test("unknown keys are all named, with the valid ones and the one that was meant", () => {
  const { message } = failureOf({ ...account, useaad: "true", storageAccountKeyEnvName: "x", colour: "red" });
  assert.match(
    message,
    /invalid keys "colour", "storageAccountKeyEnvName" \(did you mean storageAccountKeyEnvVar\?\), "useaad" \(did you mean useAAD\?\)/,
  );
  for (const [key] of keysOf("object store")) {
    assert.ok(message.includes(key), key);
  }
});

test("keys that exclude each other are refused beside other problems", () => {
  const { message } = failureOf({
    ...account,
    useAAD: "true",
    storageAccountSASTokenEnvVar: "SAS",
    nonsense: "",
  });
  assert.match(message, /nonsense.*exclude each other/);
});

const blockSizes: readonly [string, number | undefined, boolean][] = [
  ["1", 1, false],
  ["+1048576", 1_048_576, false],
  ["4194304000", 4_194_304_000, false],
  ["4194304001", 4_194_304_000, true],
  ["9223372036854775807", 4_194_304_000, true],
  ["9223372036854775808", undefined, true],
  ["0", undefined, true],
  ["-5", undefined, true],
  ["1MiB", undefined, true],
  ["1e6", undefined, true],
  [" 1", undefined, true],
];
for (const [text, size, warns] of blockSizes) {
  test(`blockSizeInBytes ${JSON.stringify(text)} means ${size ?? "adaptive"}${warns ? ", with a warning" : ""}`, () => {
    const { config, warnings } = parseObjectStoreConfig({ ...account, blockSizeInBytes: text });
    assert.equal(config.blockSizeInBytes, size);
    assert.equal(warnings.length, warns ? 1 : 0);
  });
}

const endpoints: readonly [string, string | undefined][] = [
  ["https://myaccount.blob.core.windows.net", "https://myaccount.blob.core.windows.net"],
  ["https://MyAccount.blob.core.windows.net///", "https://myaccount.blob.core.windows.net"],
  ["myaccount.blob.core.windows.net", "https://myaccount.blob.core.windows.net"],
  [" myaccount.z1.blob.storage.azure.net/ ", "https://myaccount.z1.blob.storage.azure.net"],
  ["HTTP://127.0.0.1:10000/devstoreaccount1", "http://127.0.0.1:10000/devstoreaccount1"],
  ["localhost:10000/devstoreaccount1/", "https://localhost:10000/devstoreaccount1"],
  ["https://[::1]:10000/devstoreaccount1", "https://[::1]:10000/devstoreaccount1"],
  ["https://host:443", "https://host"],
  ["https:/host", undefined],
  ["https:host", undefined],
  ["https://", undefined],
  ["//host", "https://host"],
  ["two words", undefined],
  ["file:///etc/passwd", undefined],
  ["https://host:99999", undefined],
  ["https://user:hunter2@host", undefined],
  ["https://myaccount.blob.core.windows.net/?sv=1&sig=hunter2", undefined],
  ["https://host/#hunter2", undefined],
  ["https://myaccount.blob.core.windows.net/velero", undefined],
];
for (const [text, url] of endpoints) {
  test(`the endpoint ${text} is ${url ?? "refused, and no secret of it repeated"}`, () => {
    const raw = { ...account, bucket: "velero", storageAccountURI: text };
    if (url === undefined) {
      assert.doesNotMatch(failureOf(raw).message, /hunter2/);
    } else {
      assert.equal(parseObjectStoreConfig(raw).config.storageAccountURI, url);
    }
  });
}

test("the endpoint for SAS rules with a SAS token, and is warned of without one", () => {
  const both = { ...account, storageAccountURI: "a.example", storageAccountBlobEndpoint: "b.example" };
  const withSas = parseObjectStoreConfig({ ...both, storageAccountSASTokenEnvVar: "SAS" });
  assert.equal(configuredEndpoint(withSas.config)?.url, "https://b.example");
  assert.deepEqual(withSas.warnings, []);
  const without = parseObjectStoreConfig(both);
  assert.equal(configuredEndpoint(without.config)?.url, "https://a.example");
  assert.equal(without.warnings.length, 1);
  assert.equal(configuredEndpoint(parseObjectStoreConfig(account).config), undefined);
});

test("names that cannot be an account's are refused, odd ones only warned of", () => {
  for (const storageAccount of ["my account", "evil.example/x", "a@b", "ä"]) {
    failureOf({ storageAccount });
  }
  assert.equal(parseObjectStoreConfig({ storageAccount: "My-Account" }).warnings.length, 1);
});

test("a secret where its key's name belongs is refused and not repeated", () => {
  const key = Buffer.alloc(64, "hunter2").toString("base64");
  for (const secret of [key, "sv=2024-11-04&sig=hunter2", "AccountKey=hunter2"]) {
    for (const name of ["storageAccountKeyEnvVar", "storageAccountSASTokenEnvVar"]) {
      assert.ok(!failureOf({ ...account, [name]: secret }).message.includes(secret));
    }
  }
});

const base64 = (text: string): string => Buffer.from(text).toString("base64");
const broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
const privateKey = "-----BEGIN PRIVATE KEY-----\nhunter2\n-----END PRIVATE KEY-----\n";
const certificates: readonly [string, RawConfig, string, number][] = [
  ["PEM", { caCert: testCertificate }, testCertificate, 0],
  ["PEM with Windows' line ends", { caCert: testCertificate.replaceAll("\n", "\r\n") }, testCertificate, 0],
  ["two certificates", { caCert: testCertificate + testCertificate }, testCertificate + testCertificate, 0],
  ["base64 of PEM, said so", { caCert: base64(testCertificate), caCertEncoded: "true" }, testCertificate, 0],
  [
    "text around it and a private key",
    { caCert: `# CA\n${privateKey}${testCertificate}` },
    testCertificate,
    0,
  ],
  ["a broken one beside a good one", { caCert: broken + testCertificate }, testCertificate, 1],
];
for (const [name, raw, expected, warned] of certificates) {
  test(`caCert as ${name} is read`, () => {
    const { config, warnings } = parseObjectStoreConfig({ ...account, ...raw });
    assert.equal(config.caCert?.replaceAll("\r", ""), expected);
    assert.equal(warnings.length, warned);
  });
}

const badCertificates: readonly [string, RawConfig, RegExp][] = [
  ["no PEM", { caCert: "hello" }, /no certificate in PEM form/],
  [
    "base64 of PEM, not said so",
    { caCert: base64(testCertificate) },
    /encode the location's caCert only once/,
  ],
  ["PEM, said to be base64", { caCert: testCertificate, caCertEncoded: "1" }, /is not base64/],
  ["base64 of anything", { caCert: base64("hello"), caCertEncoded: "1" }, /no certificate in PEM form/],
  ["a private key", { caCert: privateKey }, /no certificate in PEM form/],
  ["broken certificates", { caCert: broken + broken }, /can be read \(2 tried\)/],
];
for (const [name, raw, words] of badCertificates) {
  test(`caCert as ${name} is refused and says why`, () => {
    const { message } = failureOf({ ...account, ...raw });
    assert.match(message, words);
    assert.doesNotMatch(message, /hunter2|hello/);
  });
}
