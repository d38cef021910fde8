import { randomBytes } from "node:crypto";
import { waitFor } from "./bounded-wait.ts";
import { comparable } from "./comparable.ts";
import type { Kubernetes, KubernetesObject } from "./kubernetes.ts";

/** The namespace of the sample application. */
export const sampleNamespace = "shop";

const group = "example.com";
const definition = `coupons.${group}`;
const definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

/** The collections that hold the sample's objects: what a comparison has to read. */
const collections = {
  configMaps: `/api/v1/namespaces/${sampleNamespace}/configmaps`,
  secrets: `/api/v1/namespaces/${sampleNamespace}/secrets`,
  serviceAccounts: `/api/v1/namespaces/${sampleNamespace}/serviceaccounts`,
  coupons: `/apis/${group}/v1/namespaces/${sampleNamespace}/coupons`,
};

/** Objects of the sample besides those of the custom kind, by collection. */
const builtInObjects: readonly (readonly [string, KubernetesObject])[] = [
  [
    "/api/v1/namespaces",
    {
      metadata: {
        name: sampleNamespace,
        labels: { team: "till" },
        annotations: { "example.com/owner": "Zoë" },
      },
    },
  ],
  [
    collections.configMaps,
    {
      metadata: { name: "settings", labels: { tier: "web" } },
      data: { currency: "€", "page.html": "<p>\n\tüber & more\n</p>\n", empty: "" },
    },
  ],
  [
    collections.configMaps,
    {
      metadata: { name: "logo" },
      binaryData: { "logo.bin": Buffer.from([0, 255, 10, 13, 0]).toString("base64") },
    },
  ],
  [collections.configMaps, { metadata: { name: "frozen" }, immutable: true, data: { since: "2019" } }],
  [
    collections.secrets,
    {
      metadata: { name: "payment" },
      type: "Opaque",
      data: { token: Buffer.from("tökén\n").toString("base64") },
    },
  ],
  [
    collections.secrets,
    {
      metadata: { name: "database" },
      type: "kubernetes.io/basic-auth",
      stringData: { username: "shop", password: "pw" },
    },
  ],
  [collections.serviceAccounts, { metadata: { name: "till" }, automountServiceAccountToken: false }],
];

const couponDefinition: KubernetesObject = {
  metadata: { name: definition },
  spec: {
    group,
    scope: "Namespaced",
    names: {
      kind: "Coupon",
      listKind: "CouponList",
      plural: "coupons",
      singular: "coupon",
      shortNames: ["cpn"],
    },
    versions: [
      {
        name: "v1",
        served: true,
        storage: true,
        schema: {
          openAPIV3Schema: {
            type: "object",
            properties: { spec: { type: "object", "x-kubernetes-preserve-unknown-fields": true } },
          },
        },
        additionalPrinterColumns: [{ name: "Percent", type: "integer", jsonPath: ".spec.percent" }],
      },
    ],
  },
};

const coupons: readonly KubernetesObject[] = [
  {
    metadata: { name: "spring" },
    spec: { percent: 10, codes: ["A", "B"], limits: { perCustomer: 1, total: null } },
  },
  { metadata: { name: "autumn", annotations: { note: "" } }, spec: { percent: 15.5, active: false } },
];

/** Creates a namespace with ConfigMaps, Secrets, a ServiceAccount, a custom resource definition and its objects. */
export async function createSampleApp(kubernetes: Kubernetes): Promise<void> {
  for (const [collection, object] of builtInObjects) await kubernetes.create(collection, object);
  // Random, so that the backup's archive cannot be compressed to less than what takes many messages of 16 KiB.
  const catalog = { metadata: { name: "catalog" }, data: { pages: randomBytes(600_000).toString("base64") } };
  await kubernetes.create(collections.configMaps, catalog);
  await kubernetes.create(definitions, {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    ...couponDefinition,
  });
  for (const coupon of coupons) await createWhenServed(kubernetes, coupon);
}

/** A definition is served some moments after it was accepted. */
async function createWhenServed(kubernetes: Kubernetes, coupon: KubernetesObject): Promise<void> {
  const object = { apiVersion: `${group}/v1`, kind: "Coupon", ...coupon };
  await waitFor(`"${coupon.metadata.name}" created`, () => kubernetes.create(collections.coupons, object), {
    logs: kubernetes.logs,
  });
}

/**
 * Every object of the sample as a user would compare it, by kind and name: all fields but those that `comparable`
 * leaves out. Missing lists, as of a definition that was deleted, count as empty.
 */
export async function readSampleApp(kubernetes: Kubernetes): Promise<ReadonlyMap<string, unknown>> {
  const objects = new Map<string, unknown>();
  for (const [kind, collection] of Object.entries(collections)) {
    for (const object of await kubernetes.list(collection)) {
      objects.set(`${kind}/${object.metadata.name}`, comparable(object));
    }
  }
  const namespace = await kubernetes.get(`/api/v1/namespaces/${sampleNamespace}`);
  if (namespace !== undefined) objects.set("namespace", comparable(namespace));
  const found = await kubernetes.get(`${definitions}/${definition}`);
  // Its status is kube-apiserver's own account of when it accepted and began to serve the definition.
  if (found !== undefined) objects.set("definition", { ...comparable(found), status: undefined });
  return objects;
}
