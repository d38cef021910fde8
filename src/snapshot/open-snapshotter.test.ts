import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { type Route, RoutedTransport } from "../azure/http/routed-transport.fixture.ts";
import { silentLogger } from "../log/logger.ts";
import { openSnapshotter } from "./open-snapshotter.ts";

const { signal } = new AbortController();
const tenant = "11111111-1111-1111-1111-111111111111";
const credentials = {
  AZURE_SUBSCRIPTION_ID: "s-1",
  AZURE_RESOURCE_GROUP: "nodes",
  AZURE_TENANT_ID: tenant,
  AZURE_CLIENT_ID: "22222222-2222-2222-2222-222222222222",
  AZURE_CLIENT_SECRET: "s3cret",
};
let folder: string;

before(() => {
  folder = mkdtempSync(join(tmpdir(), "snapshotter-"));
});

after(() => rmSync(folder, { recursive: true }));

function credentialsFile(values: Readonly<Record<string, string>>): string {
  const path = join(folder, "cloud");
  writeFileSync(
    path,
    Object.entries(values)
      .map((pair) => pair.join("="))
      .join("\n"),
  );
  return path;
}

const token: Route = () => ({
  status: 200,
  body: { token_type: "Bearer", expires_in: 3600, access_token: "t0ken" },
});

function azure(disk: Route): RoutedTransport {
  return new RoutedTransport({
    "POST login.microsoftonline.com": token,
    "GET management.azure.com": disk,
  });
}

test("a disk's type takes one token and one request, and Init none", async () => {
  const transport = azure(() => ({ status: 200, body: { sku: { name: "Premium_LRS" }, zones: ["1"] } }));
  const config = { credentialsFile: credentialsFile(credentials) };
  const snapshotter = await openSnapshotter(config, {}, silentLogger, { transport });
  assert.deepEqual(transport.asked, []);
  assert.deepEqual(await snapshotter.volumeInfo("d1", { signal }), {
    volumeType: "Premium_LRS",
    iops: undefined,
  });
  await snapshotter.volumeInfo("d2", { signal });
  assert.deepEqual(transport.asked, [
    "POST login.microsoftonline.com/token",
    "GET management.azure.com/d1?api-version=2023-04-02",
    "GET management.azure.com/d2?api-version=2023-04-02",
  ]);
  const [, first] = transport.requests;
  assert.equal(first?.headers["authorization"], "Bearer t0ken");
  assert.equal(first?.path, "/subscriptions/s-1/resourceGroups/nodes/providers/Microsoft.Compute/disks/d1");
  await snapshotter.close();
  assert.equal(transport.closed, 1);
});

test("a volume ID that is a resource ID is looked up where it says", async () => {
  const transport = azure(() => ({ status: 200, body: { sku: { name: "Standard_LRS" } } }));
  const config = { credentialsFile: credentialsFile(credentials), apiVersion: "2019-07-01" };
  const snapshotter = await openSnapshotter(config, {}, silentLogger, { transport });
  const id = "/subscriptions/s-2/resourceGroups/apps/providers/Microsoft.Compute/disks/d9";
  await snapshotter.volumeInfo(id, { signal });
  assert.equal(transport.requests[1]?.path, id);
  assert.equal(transport.requests[1]?.query, "api-version=2019-07-01");
});

test("a disk that is gone is NotFound", async () => {
  const transport = azure(() => ({ status: 404, body: { error: { code: "ResourceNotFound" } } }));
  const config = { credentialsFile: credentialsFile(credentials) };
  const snapshotter = await openSnapshotter(config, {}, silentLogger, { transport });
  await assert.rejects(snapshotter.volumeInfo("d1", { signal }), { code: "NotFound" });
});

test("a disk that the identity may not see is told with the role it lacks", async () => {
  const transport = azure(() => ({
    status: 403,
    body: { error: { code: "AuthorizationFailed", message: "No." } },
  }));
  const config = { credentialsFile: credentialsFile(credentials) };
  const snapshotter = await openSnapshotter(config, {}, silentLogger, { transport });
  await assert.rejects(snapshotter.volumeInfo("d1", { signal }), {
    code: "PermissionDenied",
    hint: /Disk Backup Reader/,
  });
});

for (const missing of ["AZURE_SUBSCRIPTION_ID", "AZURE_RESOURCE_GROUP"]) {
  test(`without ${missing} the location is refused by name`, async () => {
    const { [missing]: _left, ...rest } = credentials as Readonly<Record<string, string>>;
    const config = { credentialsFile: credentialsFile(rest), resourceGroup: "g", subscriptionId: "s" };
    await assert.rejects(openSnapshotter(config, {}, silentLogger), {
      code: "InvalidArgument",
      message: new RegExp(missing),
    });
  });
}
