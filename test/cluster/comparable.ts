import type { KubernetesObject } from "./kubernetes.ts";

/** What Kubernetes gives each object anew when it is created again. */
const fieldsOfCreation = ["uid", "resourceVersion", "creationTimestamp", "generation", "managedFields"];

/** What Velero writes on each object that it restores. */
const labelsOfRestore = ["velero.io/backup-name", "velero.io/restore-name"];

/** The object without the fields that no restore can give back. Absent labels are an empty set. */
export function comparable(object: KubernetesObject): Readonly<Record<string, unknown>> {
  const metadata: Record<string, unknown> = { ...object.metadata };
  for (const field of fieldsOfCreation) delete metadata[field];
  const labels: Record<string, string> = { ...object.metadata.labels };
  for (const label of labelsOfRestore) delete labels[label];
  return { ...object, metadata: { ...metadata, labels } };
}
