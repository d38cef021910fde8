import { renameSync, writeFileSync } from "node:fs";
import { Failure } from "../../src/errors/error.ts";
import type { Kubernetes } from "./kubernetes.ts";

export interface ServiceAccountToken {
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly audience: string;
  /** How long it is good for; kube-apiserver takes 600 at the least. */
  readonly seconds: number;
}

/**
 * Lets everyone read who issues the cluster's service account tokens and by which keys they are verified, as a cloud's
 * clusters do. Without it only service accounts themselves may.
 */
export async function publishIssuer(kubernetes: Kubernetes): Promise<void> {
  await kubernetes.create("/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", {
    metadata: { name: "issuer-for-everyone" },
    roleRef: {
      apiGroup: "rbac.authorization.k8s.io",
      kind: "ClusterRole",
      name: "system:service-account-issuer-discovery",
    },
    subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "Group", name: "system:unauthenticated" }],
  });
}

/**
 * Puts a fresh token into a file, whole or not at all, as kubelet does for a projected volume of the service account;
 * resolves to it. It is a secret.
 */
export async function projectToken(
  kubernetes: Kubernetes,
  file: string,
  wanted: ServiceAccountToken,
): Promise<string> {
  const { namespace, serviceAccount, audience, seconds } = wanted;
  const answer = await kubernetes.create(
    `/api/v1/namespaces/${namespace}/serviceaccounts/${serviceAccount}/token`,
    {
      apiVersion: "authentication.k8s.io/v1",
      kind: "TokenRequest",
      metadata: { name: serviceAccount },
      spec: { audiences: [audience], expirationSeconds: seconds },
    },
  );
  const { status } = answer;
  if (typeof status !== "object" || status === null || !("token" in status)) throw noToken(wanted);
  const { token } = status;
  if (typeof token !== "string") throw noToken(wanted);
  writeFileSync(`${file}.new`, token, { mode: 0o600 });
  renameSync(`${file}.new`, file);
  return token;
}

function noToken({ namespace, serviceAccount }: ServiceAccountToken): Failure {
  return new Failure(
    "Unknown",
    `cannot get a token of service account "${namespace}/${serviceAccount}": kube-apiserver answered without one`,
  );
}
