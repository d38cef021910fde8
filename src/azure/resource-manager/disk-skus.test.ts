import assert from "node:assert/strict";
import { test } from "node:test";
import { listDiskSkus } from "./disk-skus.ts";
import { inTurn, openManager } from "./resource-manager.fixture.ts";
import { locationOfGroup } from "./resource-group.ts";

const { signal } = new AbortController();

function entry(name: string, size: string, zones: string[], more: object = {}): object {
  const locationInfo = [{ location: "WestEurope", zones, zoneDetails: [] }];
  return {
    resourceType: "disks",
    name,
    size,
    locations: ["WestEurope"],
    locationInfo,
    restrictions: [],
    ...more,
  };
}

function zoneRestriction(zones: string[]): object {
  const restrictionInfo = { locations: ["westeurope"], zones };
  return { type: "Zone", values: ["westeurope"], restrictionInfo, reasonCode: "NotAvailableForSubscription" };
}

const nowhere = { type: "Location", values: ["westeurope"], reasonCode: "NotAvailableForSubscription" };

test("the kinds of disk of a region are told once each, with their zones and whether they can be had", async () => {
  const nextLink = "https://management.azure.com/subscriptions/s-1/next?a=b";
  const { manager, transport } = openManager(
    inTurn(
      {
        status: 200,
        body: {
          nextLink,
          value: [
            entry("Premium_LRS", "P4", ["1", "2"]),
            entry("Premium_LRS", "P6", ["3", "1"]),
            entry("PremiumV2_LRS", "", ["1", "2", "3"], { restrictions: [zoneRestriction(["2"])] }),
            entry("Standard_LRS", "S4", [], { resourceType: "snapshots" }),
            { resourceType: "virtualMachines", name: "Standard_D2", locationInfo: [] },
          ],
        },
      },
      {
        status: 200,
        body: {
          value: [
            entry("UltraSSD_LRS", "U", ["1"], { restrictions: [nowhere] }),
            entry("Standard_LRS", "S4", []),
            entry("Premium_ZRS", "P4", [], { locations: ["eastus"], locationInfo: [{ location: "eastus" }] }),
          ],
        },
      },
    ),
  );
  const skus = await listDiskSkus(manager, "s-1", "westeurope", signal);
  assert.deepEqual(
    skus.map(({ name, zones, restricted }) => [name, [...zones].toSorted(), restricted]),
    [
      ["Premium_LRS", ["1", "2", "3"], false],
      ["PremiumV2_LRS", ["1", "3"], false],
      ["UltraSSD_LRS", ["1"], true],
      ["Standard_LRS", [], false],
    ],
  );
  assert.equal(transport.requests[0]?.path, "/subscriptions/s-1/providers/Microsoft.Compute/skus");
  assert.equal(transport.requests[0]?.query, "$filter=location%20eq%20'westeurope'&api-version=2021-07-01");
});

test("who may not ask for kinds of disk is told so for the subscription", async () => {
  const { manager } = openManager({
    status: 403,
    body: { error: { code: "AuthorizationFailed", message: "" } },
  });
  await assert.rejects(listDiskSkus(manager, "s-1", "westeurope", signal), {
    code: "PermissionDenied",
    message: /skus\/read on "\/subscriptions\/s-1"/,
  });
});

test("the region of a resource group is read", async () => {
  const { manager, transport } = openManager({ status: 200, body: { location: "northeurope" } });
  const place = { subscriptionId: "s-1", resourceGroup: "a group" };
  assert.equal(await locationOfGroup(manager, place, signal), "northeurope");
  assert.equal(transport.requests[0]?.path, "/subscriptions/s-1/resourceGroups/a%20group");
});

test("a resource group that tells no region, or is not there, is an error", async () => {
  const place = { subscriptionId: "s-1", resourceGroup: "g" };
  await assert.rejects(locationOfGroup(openManager({ status: 200, body: {} }).manager, place, signal), {
    code: "Unavailable",
  });
  const gone = { status: 404, body: { error: { code: "ResourceGroupNotFound", message: "" } } };
  await assert.rejects(locationOfGroup(openManager(gone).manager, place, signal), {
    code: "FailedPrecondition",
  });
});
