/**
 * Six locations of one Velero, each signed in by itself: service account tokens are kube-apiserver's own, and a local
 * Azure checks them as Azure does. One story: the tests stand in its order, each on the state that the one before left.
 */
import assert from "node:assert/strict";
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { Failure } from "../../src/errors/error.ts";
import { Pending } from "../cluster/bounded-wait.ts";
import { VeleroCluster } from "../cluster/cluster.ts";
import { createSampleApp, readSampleApp, sampleNamespace } from "../cluster/sample-app.ts";
import { TwoTenants } from "./two-tenants.ts";
import { endAfterwards } from "./story-end.ts";

const builtPlugin = fileURLToPath(new URL("../../dist/linux-amd64/velero-azure", import.meta.url));
const plugin = process.env["VELERO_AZURE_EXECUTABLE"] ?? builtPlugin;

const names = ["default", "adatum", "fabrikam", "principal", "sas", "contoso"];

let started: { readonly cluster: VeleroCluster; readonly tenants: TwoTenants } | undefined;

before(async () => {
  let made: TwoTenants | undefined;
  const tenants = (): TwoTenants => {
    assert.ok(made);
    return made;
  };
  const cluster = await VeleroCluster.start({
    plugin,
    // At this level the plugin tells everything it ever does, for the test of what must not be in there.
    logLevel: "debug",
    validationSeconds: 1,
    environment: () => tenants().environment,
    report: (line) => process.stderr.write(`cluster: ${line}\n`),
    locations: async (parts) => {
      made = await TwoTenants.start(parts);
      const [first, ...others] = made.locations;
      assert.ok(first);
      return [first, ...others];
    },
    beforeVelero: async (kubernetes) => {
      await tenants().projectToken(kubernetes, "pod", 3600);
      await tenants().projectToken(kubernetes, "adatum", 3600);
      // The shortest that kube-apiserver gives: the story ends with this one out of its time.
      await tenants().projectToken(kubernetes, "fabrikam", 600);
      await createSampleApp(kubernetes);
    },
  });
  started = { cluster, tenants: tenants() };
  await applyDocumented(started);
});

endAfterwards(() => started?.cluster);

test("two tenants' workload identities, the pod's, a client secret and a SAS token are Available at once", async () => {
  const { cluster } = running();
  for (const name of names) await cluster.locationPhase(name, "Available");
  const phases = names.map(async (name) => (await cluster.locationStatus(name))?.phase);
  assert.deepEqual(
    await Promise.all(phases),
    names.map(() => "Available"),
  );
});

test("one tenant's identity on the other's account is refused: nothing passes for what it is not", async () => {
  const message = await running().cluster.locationPhase("mistaken", "Unavailable");
  assert.match(message, /the service belongs to tenant "fab00000-0000-4000-8000-000000000001"/);
});

test("each location signs in by its own values, the default one by the pod's, and the log tells so", () => {
  const lines = readFileSync(running().cluster.veleroLog, "utf8").replaceAll('\\"', '"').split("\n");
  for (const [name, method, from] of [
    ["default", "workload identity", "from:the environment value:AZURE_CLIENT_ID"],
    ["adatum", "workload identity", 'from:key "AZURE_CLIENT_ID" of credentials file'],
    ["fabrikam", "workload identity", 'from:key "AZURE_CLIENT_ID" of credentials file'],
    ["principal", "client secret", 'from:key "AZURE_CLIENT_ID" of credentials file'],
    ["sas", "SAS token", 'from:key "AZURE_SAS" of credentials file'],
    ["contoso", "workload identity", "from:the environment value:AZURE_FEDERATED_TOKEN_FILE"],
  ] as const) {
    const told = lines.filter(
      (line) => line.includes('msg="signing in"') && line.includes(`storage-location=velero/${name} `),
    );
    assert.notEqual(told.length, 0, name);
    for (const line of told) {
      assert.ok(line.includes(` method:${method} passedOver:`), line);
      assert.ok(line.includes(from), line);
    }
  }
});

test("a backup to each of them is completed, and lies in its own account alone", async () => {
  const { cluster, tenants } = running();
  for (const name of names) {
    const target = [`--include-namespaces=${sampleNamespace}`, `--storage-location=${name}`, "--wait"];
    const outcome = await cluster.velero("backup", "create", `to-${name}`, ...target);
    assert.match(outcome, /completed with status: Completed/);
  }
  for (const name of names) {
    const blobs = await tenants.blobNames(name);
    assert.ok(blobs.includes(`backups/to-${name}/to-${name}.tar.gz`), blobs.join("\n"));
    assert.deepEqual(
      blobs.filter((blob) => !blob.startsWith(`backups/to-${name}/`)),
      [],
    );
  }
});

for (const name of names) {
  test(`Velero's CLI downloads what "${name}" signs for it`, async () => {
    const { cluster } = running();
    const log = await cluster.velero("backup", "logs", `to-${name}`);
    assert.match(log, /Backed up a total of \d+ items/);
    const described = await cluster.velero("backup", "describe", `to-${name}`, "--details");
    assert.match(described, new RegExp(`^ +- ${sampleNamespace}/catalog$`, "m"));
    const archive = join(cluster.namespace.folder, `to-${name}.tar.gz`);
    await cluster.velero("backup", "download", `to-${name}`, `--output=${archive}`);
    assert.ok(gunzipSync(readFileSync(archive)).includes("catalog.json"));
  });
}

test("a namespace that was deleted comes back from a tenant's backup, equal field by field", async () => {
  const { cluster } = running();
  const original = await readSampleApp(cluster.kubernetes);
  await cluster.kubectl("delete", "namespace", sampleNamespace);
  const outcome = await cluster.velero("restore", "create", "again", "--from-backup=to-adatum", "--wait");
  assert.match(outcome, /completed with status: Completed/);
  assert.deepEqual(await readSampleApp(cluster.kubernetes), original);
});

test("a tenant that ends its trust makes its own location Unavailable, which says why; the others stay", async () => {
  const { cluster, tenants } = running();
  await tenants.distrustAdatum();
  const message = await cluster.locationPhase("adatum", "Unavailable");
  assert.match(message, /AADSTS70025/);
  assert.match(message, /az identity federated-credential create .*az ad app federated-credential create /);
  assert.ok(message.includes('--subject "system:serviceaccount:velero:velero"'), message);
  assert.ok(message.includes(`--issuer "${cluster.kubernetes.issuer}"`), message);
  await assertOthersStay("adatum");
});

test("a tenant that trusts again has its location Available again", async () => {
  const { cluster, tenants } = running();
  await tenants.trustAdatumAgain();
  await cluster.locationPhase("adatum", "Available");
});

test("a token that nobody renewed makes its own location Unavailable; renewed, it is Available without a restart", async () => {
  const { cluster, tenants } = running();
  await tenants.azure.advanceClock(601);
  const message = await cluster.locationPhase("fabrikam", "Unavailable");
  assert.match(message, /AADSTS700024/);
  await assertOthersStay("fabrikam");
  await tenants.projectToken(cluster.kubernetes, "fabrikam", 3600);
  await cluster.locationPhase("fabrikam", "Available");
});

test("no log of the story holds a secret, a token or a signature", () => {
  const { cluster, tenants } = running();
  for (const file of readdirSync(cluster.namespace.logs)) {
    const log = readFileSync(join(cluster.namespace.logs, file), "utf8");
    for (const [what, secret] of tenants.secrets) {
      assert.notEqual(secret, "", what);
      assert.ok(!log.includes(secret), `${file} holds ${what}`);
    }
    // Entra's tokens, too, which are known to nobody but the plugin; and what it signs requests with.
    for (const pattern of [/eyJ[\w-]+\.eyJ/, /sig=(?!\[?redacted)/i, /SharedKey \w+:/]) {
      assert.doesNotMatch(log, pattern, `${file} holds a token or a signature`);
    }
  }
});

function running(): { readonly cluster: VeleroCluster; readonly tenants: TwoTenants } {
  if (started === undefined)
    throw new Failure("FailedPrecondition", "cannot go on: the cluster was not started");
  return started;
}

/** As the documentation has it. Only that the local Azure's certificates come from an authority of its own. */
async function applyDocumented({ cluster, tenants }: NonNullable<typeof started>): Promise<void> {
  const { manifest, name } = tenants.documented;
  assert.ok(names.includes(name));
  const file = join(cluster.namespace.folder, "documented.yaml");
  writeFileSync(file, manifest);
  await cluster.kubectl("apply", "-f", file);
  const caCert = readFileSync(tenants.azure.authority).toString("base64");
  const patch = JSON.stringify({ spec: { objectStorage: { caCert } } });
  const target = ["backupstoragelocations.velero.io", name];
  await cluster.kubectl("--namespace=velero", "patch", ...target, "--type=merge", `--patch=${patch}`);
}

/** Waits until each other location was validated after the one that became Unavailable. */
async function assertOthersStay(unavailable: string): Promise<void> {
  const { cluster } = running();
  const since = (await cluster.locationStatus(unavailable))?.lastValidationTime ?? "";
  assert.notEqual(since, "");
  for (const name of names.filter((other) => other !== unavailable)) {
    const status = await cluster.waitFor(`location "${name}" validated again`, async () => {
      const now = await cluster.locationStatus(name);
      return (now?.lastValidationTime ?? "") > since ? now : new Pending(JSON.stringify(now));
    });
    assert.equal(status?.phase, "Available", status?.message);
  }
}
