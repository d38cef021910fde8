import { randomBytes } from "node:crypto";
import { gzipSync } from "node:zlib";

export interface BackupFile {
  /** Within the bucket, laid out as Velero does: `backups/NAME/…`. */
  readonly key: string;
  readonly content: Uint8Array;
}

const MIB = 1024 * 1024;

/** Large enough to be sent in blocks side by side. */
const TARBALL_BYTES = 48 * MIB;

/**
 * The files that Velero 1.18 stores for one backup, in the order in which it stores them. The small ones hold what such
 * a file would; the tarball holds noise, since a cluster's objects would be too few to show anything.
 */
export function backupFiles(name: string): readonly BackupFile[] {
  const file = (ending: string, content: Uint8Array): BackupFile => ({
    key: `backups/${name}/${ending}`,
    content,
  });
  const none = gzipSync("[]");
  return [
    file(`${name}-logs.gz`, gzipSync(logs(name))),
    file("velero-backup.json", Buffer.from(JSON.stringify(backup(name), undefined, 2))),
    file(`${name}.tar.gz`, gzipSync(randomBytes(TARBALL_BYTES), { level: 0 })),
    file(`${name}-podvolumebackups.json.gz`, none),
    file(`${name}-volumesnapshots.json.gz`, none),
    file(`${name}-itemoperations.json.gz`, none),
    file(`${name}-resource-list.json.gz`, gzipSync(JSON.stringify(resources()))),
    file(`${name}-csi-volumesnapshots.json.gz`, none),
    file(`${name}-csi-volumesnapshotcontents.json.gz`, none),
    file(`${name}-csi-volumesnapshotclasses.json.gz`, none),
    file(`${name}-results.gz`, gzipSync(JSON.stringify({ errors: {}, warnings: {} }))),
    file(`${name}-volumeinfo.json.gz`, none),
  ];
}

function backup(name: string) {
  return {
    apiVersion: "velero.io/v1",
    kind: "Backup",
    metadata: { name, namespace: "velero", labels: { "velero.io/storage-location": "default" } },
    spec: { includedNamespaces: ["shop"], storageLocation: "default", ttl: "720h0m0s" },
    status: {
      formatVersion: "1.1.0",
      phase: "Completed",
      progress: { itemsBackedUp: 400, totalItems: 400 },
      version: 1,
    },
  };
}

function logs(name: string): string {
  const line = (item: number): string =>
    `time="2026-01-01T00:00:00Z" level=info msg="Backed up ${item} items out of an estimated total of 400" backup=velero/${name}\n`;
  return Array.from({ length: 400 }, (_, index) => line(index + 1)).join("");
}

function resources() {
  return {
    "v1/ConfigMap": Array.from({ length: 300 }, (_, index) => `shop/settings-${index}`),
    "v1/Secret": Array.from({ length: 99 }, (_, index) => `shop/password-${index}`),
    "v1/Namespace": ["shop"],
  };
}
