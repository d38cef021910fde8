import assert from "node:assert/strict";
import { test } from "node:test";
import { boundTo, type RestoredDisk } from "./volume-place.ts";
import { type PersistentVolume, withVolumeId } from "../volume-spec.ts";

const CSI = "topology.disk.csi.azure.com/zone";
const ZONE = "topology.kubernetes.io/zone";
const OLD_ZONE = "failure-domain.beta.kubernetes.io/zone";
const REGION = "topology.kubernetes.io/region";

type Terms = ReadonlyArray<Readonly<Record<string, readonly string[]>>>;

function volume(terms: Terms): PersistentVolume {
  const nodeSelectorTerms = terms.map((term) => ({
    matchExpressions: Object.entries(term).map(([key, values]) => ({ key, operator: "In", values })),
  }));
  return { spec: { capacity: "1Gi", nodeAffinity: { required: { nodeSelectorTerms } } } };
}

const inZone = (zone: string, location = "westeurope", sku = "Premium_LRS"): RestoredDisk => ({
  location,
  zones: zone === "" ? [] : [zone],
  sku,
});
const zoneRedundant = (location: string): RestoredDisk => ({ location, zones: [], sku: "Premium_ZRS" });
const everywhere = (region: string): Terms =>
  [`${region}-1`, `${region}-2`, `${region}-3`, ""].map((zone) => ({ [CSI]: [zone] }));

const bindings: ReadonlyArray<readonly [string, Terms, RestoredDisk, Terms]> = [
  ["the same zone stays", [{ [CSI]: ["westeurope-1"] }], inZone("1"), [{ [CSI]: ["westeurope-1"] }]],
  ["no zone stays none", [{ [CSI]: [""] }], inZone(""), [{ [CSI]: [""] }]],
  ["a fault domain stays one", [{ [ZONE]: ["0"] }], inZone(""), [{ [ZONE]: ["0"] }]],
  ["another zone", [{ [CSI]: ["westeurope-1"] }], inZone("2"), [{ [CSI]: ["westeurope-2"] }]],
  [
    "both keys, as newer drivers write them",
    [{ [CSI]: ["westeurope-1"], [ZONE]: ["westeurope-1"] }],
    inZone("3"),
    [{ [CSI]: ["westeurope-3"], [ZONE]: ["westeurope-3"] }],
  ],
  [
    "in-tree, in another region",
    [{ [OLD_ZONE]: ["westeurope-1"], [REGION]: ["westeurope"] }],
    inZone("1", "North Europe"),
    [{ [OLD_ZONE]: ["northeurope-1"], [REGION]: ["northeurope"] }],
  ],
  ["from a zone to none", [{ [CSI]: ["westeurope-1"] }], inZone(""), [{ [CSI]: [""] }]],
  ["from none to a zone", [{ [CSI]: [""] }], inZone("2"), [{ [CSI]: ["westeurope-2"] }]],
  [
    "from a zone to none, where no value says that",
    [{ [ZONE]: ["westeurope-1"], [REGION]: ["westeurope"] }],
    inZone(""),
    [{ [REGION]: ["westeurope"] }],
  ],
  ["zone-redundant stays", everywhere("westeurope"), zoneRedundant("westeurope"), everywhere("westeurope")],
  [
    "zone-redundant in another region",
    everywhere("westeurope"),
    zoneRedundant("northeurope"),
    everywhere("northeurope"),
  ],
  ["zone-redundant becomes one zone", everywhere("westeurope"), inZone("3"), [{ [CSI]: ["westeurope-3"] }]],
  [
    "what else is demanded stays",
    [{ [CSI]: ["westeurope-1"], disk: ["ssd"] }],
    inZone("2"),
    [{ [CSI]: ["westeurope-2"], disk: ["ssd"] }],
  ],
];

for (const [what, terms, disk, wanted] of bindings) {
  test(`a volume is bound to its new disk's place: ${what}`, () => {
    assert.deepEqual(boundTo(volume(terms), disk), volume(wanted));
  });
}

test("a volume that nothing binds any more has no affinity left, since an empty one excludes every machine", () => {
  assert.deepEqual(boundTo(volume([{ [ZONE]: ["westeurope-1"] }]), inZone("")), {
    spec: { capacity: "1Gi" },
  });
});

test("labels follow, too, and those of others stay", () => {
  const labels = { [OLD_ZONE]: "westeurope-1", [REGION]: "westeurope", app: "a" };
  const metadata = { name: "pv-1", labels };
  assert.deepEqual(boundTo({ metadata }, inZone("2", "northeurope")), {
    metadata: { name: "pv-1", labels: { [OLD_ZONE]: "northeurope-2", [REGION]: "northeurope", app: "a" } },
  });
  assert.deepEqual(boundTo({ metadata }, inZone("")), {
    metadata: { name: "pv-1", labels: { [REGION]: "westeurope", app: "a" } },
  });
});

for (const odd of [
  {},
  { spec: 1, metadata: [] },
  { spec: { nodeAffinity: { required: { nodeSelectorTerms: [7] } } } },
]) {
  test(`${JSON.stringify(odd)} is no reason to fail`, () => {
    assert.doesNotThrow(() => boundTo(odd, inZone("1")));
  });
}

const disks = { subscriptionId: "s-1", resourceGroup: "nodes" };
const csi = {
  driver: "disk.csi.azure.com",
  volumeHandle: "x",
  volumeAttributes: { cachingMode: "ReadOnly", fsType: "ext4" },
};

test("host caching goes where the new disk cannot have it, and stays elsewhere", () => {
  const cachingOf = (sku: string): unknown => {
    const made = withVolumeId({ spec: { csi } }, "d1", disks, inZone("1", "westeurope", sku));
    return (made as { spec: { csi: typeof csi } }).spec.csi.volumeAttributes;
  };
  assert.deepEqual(cachingOf("PremiumV2_LRS"), { cachingMode: "None", fsType: "ext4" });
  assert.deepEqual(cachingOf("Premium_LRS"), csi.volumeAttributes);
  const inTree = { spec: { azureDisk: { diskName: "a", diskURI: "b", cachingMode: "ReadWrite" } } };
  const made = withVolumeId(inTree, "d1", disks, inZone("1", "westeurope", "UltraSSD_LRS"));
  assert.equal((made as typeof inTree).spec.azureDisk.cachingMode, "None");
});

test("without knowing the disk nothing but the disk changes", () => {
  const given = { ...volume([{ [CSI]: ["westeurope-1"] }]) };
  const spec = { ...(given["spec"] as object), csi };
  const made = withVolumeId({ spec }, "d1", disks);
  const volumeHandle = "/subscriptions/s-1/resourceGroups/nodes/providers/Microsoft.Compute/disks/d1";
  assert.deepEqual(made, { spec: { ...spec, csi: { ...csi, volumeHandle } } });
});
