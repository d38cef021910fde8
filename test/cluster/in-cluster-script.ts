import { writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import type { ClusterBinaries } from "./binaries.ts";
import type { Namespace } from "./namespace.ts";

/** Writes a script that runs a command in the namespace, with kubectl and velero in its PATH and signed in; its path. */
export function writeInClusterScript(
  namespace: Namespace,
  binaries: ClusterBinaries,
  kubeconfig: string,
): string {
  const file = join(namespace.folder, "in-cluster");
  const folders = [dirname(binaries.kubectl), dirname(binaries.velero)].join(delimiter);
  const lines = [
    "#!/bin/sh",
    `export KUBECONFIG='${kubeconfig}' PATH='${folders}':"$PATH"`,
    `exec ${namespace.enterCommand().join(" ")} -- "$@"`,
  ];
  writeFileSync(file, `${lines.join("\n")}\n`, { mode: 0o755 });
  return file;
}
