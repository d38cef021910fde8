import assert from "node:assert/strict";
import { test } from "node:test";
import { stringify } from "yaml";
import { describeFailure } from "../../errors/error.ts";
import { silentLogger } from "../../log/logger.ts";
import { openInventory } from "../../snapshot/open-snapshotter.ts";
import { WrongCall } from "../wrong-call.ts";
import { configFor, locationsOf, snapshotLocation } from "./locations.ts";
import { parseLocations } from "./locations-file.ts";

interface List {
  readonly apiVersion: string;
  readonly kind: string;
  readonly items: readonly Manifest[];
}

interface Manifest {
  readonly kind: string;
  readonly apiVersion: string;
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly spec: Readonly<Record<string, unknown>>;
}

const manifest = (kind: string, spec: object): Manifest => ({
  ...{ kind, apiVersion: "velero.io/v1", metadata: { name: "default", namespace: "velero" } },
  spec: { provider: "velero.io/azure", ...spec },
});

const usual: List = {
  ...{ apiVersion: "v1", kind: "List" },
  items: [
    manifest("VolumeSnapshotLocation", { config: { resourceGroup: "snapshots" } }),
    manifest("BackupStorageLocation", { objectStorage: { bucket: "velero" } }),
  ],
};

/** What is written instead of the usual, and what the command says to it. */
const wrong: readonly {
  readonly what: string;
  readonly write: (list: List) => string;
  readonly location?: string;
  readonly credentials?: string;
  /** Whether it is the call that is wrong. */
  readonly call?: true;
  readonly says: RegExp;
}[] = [
  { what: "that is empty", write: () => "", says: /it has no VolumeSnapshotLocation/ },
  { what: "that is no YAML", write: () => "a: [", says: /it is not YAML: / },
  {
    what: "that is a word",
    write: () => "locations",
    says: /something that is no Kubernetes object/,
  },
  {
    what: "without snapshot locations",
    write: (list) => stringify({ ...list, items: list.items.slice(1) }),
    says: /it has no VolumeSnapshotLocation.*\(hint: .*kubectl/,
  },
  {
    what: "with two snapshot locations, none of them named",
    write: (list) => stringify({ ...list, items: [renamed(list, "second"), ...list.items] }),
    call: true,
    says: /has "second", "default".*\(hint: name one with --location/,
  },
  {
    what: "with two snapshot locations of one name",
    write: (list) => stringify({ ...list, items: [renamed(list, "default"), ...list.items] }),
    location: "default",
    call: true,
    says: /has 2 of that name, in namespaces "other", "velero"/,
  },
  {
    what: "without the location that is named",
    write: stringify,
    location: "defualt",
    call: true,
    says: /no VolumeSnapshotLocation of that name.*\(hint: did you mean "default"\?/,
  },
  {
    what: "without the location that a credentials file is named for",
    write: stringify,
    credentials: "other=/tmp/x",
    call: true,
    says: /cannot use --credentials-file "other": .* has no location of that name/,
  },
  {
    what: "with another provider",
    write: (list) => withSpec(list, { provider: "aws" }),
    says: /VolumeSnapshotLocation "default": its provider is "aws", not "velero\.io\/azure"/,
  },
  {
    what: "with a config that Velero's plugin would refuse",
    write: (list) => withSpec(list, { config: { resourcegroup: "x" } }),
    says: /cannot use the config of the volume snapshotter: invalid key "resourcegroup" \(did you mean resourceGroup\?\)/,
  },
  {
    what: "with a config value that is no text",
    write: (list) => withSpec(list, { config: { incremental: true } }),
    says: /VolumeSnapshotLocation "default": spec\.config\.incremental is no text: put it in quotes/,
  },
  {
    what: "with a credential that is in the cluster",
    write: (list) => withSpec(list, { credential: { name: "cloud-credentials", key: "cloud" } }),
    call: true,
    says: /its spec\.credential names a Secret, which is in the cluster.*\(hint: .*--credentials-file default=FILE/,
  },
  {
    what: "with a credentials file that is not there",
    write: stringify,
    credentials: "/nowhere",
    says: /cannot read credentials file "\/nowhere": there is no such file/,
  },
];

function renamed({ items }: List, name: string): object {
  return { ...items[0], metadata: { name, namespace: "other" } };
}

function withSpec({ items: [first, ...rest], ...list }: List, spec: object): string {
  return stringify({ ...list, items: [{ ...first, spec: { ...first?.spec, ...spec } }, ...rest] });
}

/** As far as a command comes without asking anybody. */
async function open(text: string, location?: string, credentials?: string): Promise<void> {
  const options = credentials === undefined ? [] : [credentials];
  const locations = locationsOf("f", parseLocations(text, "f"), options);
  const env = { AZURE_CREDENTIALS_FILE: "/nowhere" };
  await using _ = await openInventory(
    configFor(snapshotLocation(locations, location), locations),
    env,
    silentLogger,
  );
}

for (const { what, write, location, credentials, call = false, says } of wrong) {
  test(`a locations file ${what} is refused with the reason`, async () => {
    await assert.rejects(open(write(usual), location, credentials), (error) => {
      assert.match(describeFailure(error), says);
      assert.equal(error instanceof WrongCall, call);
      return true;
    });
  });
}

test("a backup location's bucket, prefix and certificate are given to Init as Velero gives them", () => {
  const objectStorage = {
    ...{ bucket: "/velero/", prefix: "/clusters/one/" },
    caCert: Buffer.from("PEM").toString("base64"),
  };
  const spec = { config: { storageAccount: "a" }, objectStorage };
  const text = stringify(manifest("BackupStorageLocation", spec));
  const locations = locationsOf("f", parseLocations(text, "f"), ["bsl/default=/c"]);
  const [location] = locations.objects;
  assert.ok(location !== undefined);
  assert.deepEqual(configFor(location, locations), {
    ...{
      storageAccount: "a",
      bucket: "velero",
      prefix: "clusters/one",
      caCert: "PEM",
      credentialsFile: "/c",
    },
  });
});
