import assert from "node:assert/strict";
import { test } from "node:test";
import { parseVolumeSnapshotterConfig } from "./volume-snapshotter-config.ts";

test("every key of a volume snapshotter is read", () => {
  const { config, warnings } = parseVolumeSnapshotterConfig({
    apiTimeout: "1m30s",
    resourceGroup: "snapshots",
    subscriptionId: "s-1",
    incremental: "T",
    tags: "team=a, env = b,empty=",
    activeDirectoryAuthorityURI: "login.example.com/",
    credentialsFile: "/credentials/cloud",
    apiVersion: "2019-07-01",
  });
  assert.deepEqual(
    { ...config },
    {
      apiTimeout: 90_000,
      resourceGroup: "snapshots",
      subscriptionId: "s-1",
      incremental: true,
      tags: { team: "a", env: "b", empty: "" },
      activeDirectoryAuthorityURI: "https://login.example.com",
      credentialsFile: "/credentials/cloud",
      apiVersion: "2019-07-01",
      caCert: undefined,
      caCertEncoded: false,
    },
  );
  assert.deepEqual(warnings, []);
});

test("what is absent stays absent: incremental is left to Azure", () => {
  const { config } = parseVolumeSnapshotterConfig({});
  assert.equal(config.incremental, undefined);
  assert.equal(config.apiTimeout, undefined);
  assert.equal(config.tags, undefined);
});

const bad: ReadonlyArray<readonly [string, string]> = [
  ["apiTimeout", "2"],
  ["apiTimeout", "-1m"],
  ["apiTimeout", "0s"],
  ["incremental", "yes"],
  ["tags", "team"],
  ["tags", "team=a=b"],
  ["tags", "=a"],
  ["tags", "a=b,"],
  ["storageAccount", "acc"],
  ["activeDirectoryAuthorityURI", "ftp://x"],
];

for (const [key, value] of bad) {
  test(`${key}=${value} is refused by name`, () => {
    assert.throws(() => parseVolumeSnapshotterConfig({ [key]: value }), {
      code: "InvalidArgument",
      message: new RegExp(key),
    });
  });
}
