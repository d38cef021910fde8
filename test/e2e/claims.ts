import type { DiskSettings } from "../../simulator/resource-manager/compute/compute-inventory.ts";
import { Pending } from "../cluster/bounded-wait.ts";
import type { VeleroCluster } from "../cluster/cluster.ts";
import { comparable } from "../cluster/comparable.ts";
import type { Kubernetes, KubernetesObject } from "../cluster/kubernetes.ts";

/** A disk, and the PersistentVolume and claim of the same name that it is mounted by. */
export interface ClaimedDisk {
  readonly name: string;
  readonly disk: Omit<DiskSettings, "subscriptionId" | "resourceGroup" | "name">;
  /** Where the disk is, if not with the cluster's others. */
  readonly resourceGroup?: string;
  /** How the PersistentVolume names the disk, from its resource ID. */
  readonly source: (diskId: string, name: string) => Readonly<Record<string, unknown>>;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  /** More of the PersistentVolume's spec. */
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly accessMode?: "ReadWriteOnce" | "ReadWriteMany";
  readonly volumeMode?: "Filesystem" | "Block";
}

const collection = "/api/v1/persistentvolumes";

/** By the CSI driver, in the spelling of Azure's own tools unless `spell` has another. */
export function csi(spell: (diskId: string) => string = (id) => id): ClaimedDisk["source"] {
  return (diskId) => ({
    csi: { driver: "disk.csi.azure.com", volumeHandle: spell(diskId), volumeAttributes: { fsType: "ext4" } },
  });
}

/** By the kind of volume that Kubernetes itself has for it. */
export const inTree: ClaimedDisk["source"] = (diskId, name) => ({
  azureDisk: { diskName: name, diskURI: diskId, kind: "Managed", cachingMode: "ReadOnly", fsType: "ext4" },
});

/** Creates a namespace with a claim for each disk, by the ID that the disk has, and waits until they are bound. */
export async function claimDisks(
  cluster: VeleroCluster,
  namespace: string,
  disks: readonly (readonly [ClaimedDisk, string])[],
): Promise<void> {
  const { kubernetes } = cluster;
  await kubernetes.create("/api/v1/namespaces", { metadata: { name: namespace } });
  for (const [claimed, diskId] of disks) {
    await kubernetes.create(collection, volumeOf(claimed, diskId, namespace));
    await kubernetes.create(claimsIn(namespace), claimOf(claimed, namespace));
  }
  await untilBound(
    cluster,
    namespace,
    disks.map(([{ name }]) => name),
  );
}

/** As a user who deletes all, the PersistentVolumes too. */
export async function deleteClaims(cluster: VeleroCluster, namespace: string): Promise<void> {
  const volumes = await volumesOf(cluster.kubernetes, namespace);
  await cluster.kubectl("delete", "namespace", namespace);
  await cluster.kubectl("delete", "persistentvolume", ...volumes.keys());
}

/** Waits until Kubernetes has bound the claims to their volumes. */
export async function untilBound(
  cluster: VeleroCluster,
  namespace: string,
  names: readonly string[],
): Promise<void> {
  for (const name of names) {
    await cluster.waitFor(`claim "${name}" bound to its volume`, async () => {
      const claim = await cluster.kubernetes.get(`${claimsIn(namespace)}/${name}`);
      const volume = await cluster.kubernetes.get(`${collection}/${name}`);
      const phases = [claim, volume].map((object) => fieldOf(object?.["status"], "phase"));
      return phases.every((phase) => phase === "Bound") ? true : new Pending(phases.join(", "));
    });
  }
}

/** The namespace's PersistentVolumes by their names. */
export async function volumesOf(
  kubernetes: Kubernetes,
  namespace: string,
): Promise<ReadonlyMap<string, KubernetesObject>> {
  const volumes = await kubernetes.list(collection);
  const own = volumes.filter(({ spec }) => fieldOf(fieldOf(spec, "claimRef"), "namespace") === namespace);
  return new Map(own.map((volume) => [volume.metadata.name, volume]));
}

/** The ID of the disk that a PersistentVolume names, if it does; throws when its parts name two. */
export function diskIdOf({ metadata, spec }: KubernetesObject): string | undefined {
  const azureDisk = fieldOf(spec, "azureDisk");
  const id = fieldOf(fieldOf(spec, "csi"), "volumeHandle") ?? fieldOf(azureDisk, "diskURI");
  if (typeof id !== "string") return undefined;
  const name = fieldOf(azureDisk, "diskName");
  if (azureDisk !== undefined && !(typeof name === "string" && id.endsWith(`/${name}`)))
    throw new Error(`volume "${metadata.name}" names two disks: ${JSON.stringify(azureDisk)}`);
  return id;
}

/** The PersistentVolume but for which disk it is, and for what binding it writes anew. */
export function apartFromDisk(volume: KubernetesObject): unknown {
  const { status: _, spec, ...rest } = comparable(volume);
  const claimRef = { ...objectOf(fieldOf(spec, "claimRef")), uid: "", resourceVersion: "" };
  const source = objectOf(fieldOf(spec, "azureDisk") ?? fieldOf(spec, "csi"));
  const kept = { ...source, diskName: "", diskURI: "", volumeHandle: "" };
  return { ...rest, spec: { ...objectOf(spec), csi: undefined, azureDisk: undefined, claimRef, kept } };
}

function volumeOf(claimed: ClaimedDisk, diskId: string, namespace: string): KubernetesObject {
  const { name, labels = {}, annotations = {}, accessMode = "ReadWriteOnce", spec = {} } = claimed;
  return {
    metadata: { name, labels, annotations },
    spec: {
      capacity: { storage: "8Gi" },
      accessModes: [accessMode],
      persistentVolumeReclaimPolicy: "Retain",
      storageClassName: "",
      volumeMode: claimed.volumeMode ?? "Filesystem",
      claimRef: { apiVersion: "v1", kind: "PersistentVolumeClaim", name, namespace },
      ...spec,
      ...claimed.source(diskId, name),
    },
  };
}

function claimOf(claimed: ClaimedDisk, namespace: string): KubernetesObject {
  const { name, accessMode = "ReadWriteOnce", volumeMode = "Filesystem" } = claimed;
  return {
    metadata: { name, namespace },
    spec: {
      accessModes: [accessMode],
      storageClassName: "",
      volumeMode,
      volumeName: name,
      resources: { requests: { storage: "8Gi" } },
    },
  };
}

function claimsIn(namespace: string): string {
  return `/api/v1/namespaces/${namespace}/persistentvolumeclaims`;
}

function fieldOf(object: unknown, name: string): unknown {
  return objectOf(object)[name];
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? { ...value } : {};
}
