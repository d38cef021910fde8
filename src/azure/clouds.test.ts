import assert from "node:assert/strict";
import { test } from "node:test";
import { Failure } from "../errors/error.ts";
import { findCloud } from "./clouds.ts";

const names: ReadonlyArray<readonly [string | undefined, string]> = [
  [undefined, "core.windows.net"],
  ["", "core.windows.net"],
  ["AzureCloud", "core.windows.net"],
  ["azurepubliccloud", "core.windows.net"],
  ["AZURECHINACLOUD", "core.chinacloudapi.cn"],
  ["AzureUSGovernment", "core.usgovcloudapi.net"],
  ["azureusgovernmentcloud", "core.usgovcloudapi.net"],
];

for (const [name, suffix] of names) {
  test(`the cloud ${JSON.stringify(name)} keeps its storage under ${suffix}`, () => {
    assert.equal(findCloud(name).storageSuffix, suffix);
  });
}

test("an unknown cloud is refused with the names there are", () => {
  assert.throws(
    () => findCloud("AzureGermanCloud"),
    (error: unknown) =>
      error instanceof Failure &&
      error.code === "InvalidArgument" &&
      /unknown cloud/.test(error.message) &&
      /AzureUSGovernmentCloud/.test(error.hint ?? ""),
  );
});
