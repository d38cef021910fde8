import type { Json, JsonObject } from "../../simulator/resource-manager/json.ts";

/** A resource of Compute, or what it is to be: JSON as the REST API has it, after the SDK's models have read it. */
export interface ComputeResource {
  readonly id?: string;
  readonly name?: string;
  readonly location?: string;
  readonly zones?: readonly string[];
  readonly sku?: { readonly name?: string; readonly tier?: string };
  readonly tags?: Readonly<Record<string, string>>;
  readonly managedBy?: string;
  readonly identity?: JsonObject;
  readonly properties?: JsonObject;
}

interface Named {
  readonly subscriptionId: string;
  readonly group: string;
  readonly name: string;
}

interface WithBody extends Named {
  readonly body: ComputeResource;
}

interface Listed {
  readonly subscriptionId: string;
  /** Those of the whole subscription when absent. */
  readonly group?: string;
}

interface Grant extends Named {
  readonly body: {
    readonly access: "Read" | "Write";
    readonly durationInSeconds: number;
    readonly fileFormat?: "VHD" | "VHDX";
  };
}

interface Names {
  readonly names: readonly string[];
}

/** What kinds of resource there are orders for. */
export type ComputeKind = "disks" | "snapshots" | "diskEncryptionSets" | "diskAccesses";

/** Alike for all kinds. */
type ResourceOperations = {
  [O in `${ComputeKind}.${"create" | "update"}`]: { with: WithBody; result: ComputeResource };
} & {
  [O in `${ComputeKind}.get`]: { with: Named; result: ComputeResource };
} & {
  [O in `${ComputeKind}.delete`]: { with: Named; result: null };
} & {
  [O in `${ComputeKind}.list`]: { with: Listed; result: Names };
};

type AccessOperations = {
  [O in `${"disks" | "snapshots"}.grant`]: { with: Grant; result: { readonly sas: string } };
} & {
  [O in `${"disks" | "snapshots"}.revoke`]: { with: Named; result: null };
};

/** One entry of what kinds and sizes a region has. */
export interface ListedSku {
  readonly name: string;
  readonly size?: string;
  readonly locations: readonly string[];
  readonly locationInfo: readonly { readonly location: string; readonly zones?: readonly string[] }[];
  readonly capabilities?: readonly { readonly name: string; readonly value: string }[];
  readonly restrictions?: readonly Json[];
}

interface SkuOperations {
  "skus.list": {
    with: { subscriptionId: string; resourceType: string; filter?: string };
    result: { readonly skus: readonly ListedSku[] };
  };
}

/** What each operation on disks and their like wants to know, and brings. */
export type ComputeOperations = ResourceOperations & AccessOperations & SkuOperations;
