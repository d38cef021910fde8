import type { NewDisk } from "../../azure/resource-manager/disk.ts";
import { normalRegion } from "../../config/region.ts";
import { kindOf } from "./disk-kinds.ts";

/** Of a restored disk: what decides which machines can have it, and how. */
export type RestoredDisk = Pick<NewDisk, "location" | "zones" | "sku">;

type Fields = Readonly<Record<string, unknown>>;

/** The Azure Disk CSI driver's own; a machine without zone has it empty. */
const CSI_ZONE = "topology.disk.csi.azure.com/zone";
const ZONES: ReadonlySet<string> = new Set([
  CSI_ZONE,
  "topology.kubernetes.io/zone",
  "failure-domain.beta.kubernetes.io/zone",
]);
const REGIONS: ReadonlySet<string> = new Set([
  "topology.kubernetes.io/region",
  "failure-domain.beta.kubernetes.io/region",
]);

/**
 * The PersistentVolume bound to where its new disk is: node affinity and labels that name another zone or region would keep its
 * pods pending for ever. Unchanged where the disk is where the old one was, and for zone-redundant disks of the same
 * region. Source of the keys: the Azure Disk CSI driver's docs (topology) and Kubernetes' well-known labels.
 */
export function boundTo(volume: Fields, disk: RestoredDisk): Fields {
  const metadata = fields(volume["metadata"]);
  const labels = fields(metadata?.["labels"]);
  const spec = fields(volume["spec"]);
  const affinity = fields(spec?.["nodeAffinity"]);
  const required = fields(affinity?.["required"]);
  const terms = list(required?.["nodeSelectorTerms"]);
  const relabelled = {
    ...volume,
    ...(labels && { metadata: { ...metadata, labels: boundLabels(labels, disk) } }),
  };
  if (terms === undefined) {
    return relabelled;
  }
  const bound = distinct(terms.map((term) => boundTerm(term, disk)));
  if (bound.some(isEmpty)) {
    // Kubernetes reads a term without demands as one that nothing fulfils.
    const { nodeAffinity: _any, ...rest } = { ...spec };
    return { ...relabelled, spec: rest };
  }
  const nodeAffinity = { ...affinity, required: { ...required, nodeSelectorTerms: bound } };
  return { ...relabelled, spec: { ...spec, nodeAffinity } };
}

/**
 * The source of a volume without host caching where its new disk cannot have it: attaching would fail. Source:
 * learn.microsoft.com/azure/virtual-machines/disks-types#premium-ssd-v2-limitations
 */
export function cachedAs(source: Fields, disk: RestoredDisk): Fields {
  if (kindOf(disk.sku)?.chosen === undefined) {
    return source;
  }
  const names = Object.keys(source).filter((name) => name.toLowerCase() === "cachingmode");
  return { ...source, ...Object.fromEntries(names.map((name) => [name, "None"])) };
}

function boundTerm(term: unknown, disk: RestoredDisk): unknown {
  const expressions = list(fields(term)?.["matchExpressions"]);
  if (expressions === undefined) {
    return term;
  }
  return { ...fields(term), matchExpressions: expressions.flatMap((each) => boundExpression(each, disk)) };
}

function isEmpty(term: unknown): boolean {
  const demands = [fields(term)?.["matchExpressions"], fields(term)?.["matchFields"]];
  return demands.every((each) => (list(each) ?? []).length === 0);
}

/** None, where a demand for a zone has no answer: only the CSI driver's key says "no zone" by an empty value. */
function boundExpression(expression: unknown, disk: RestoredDisk): readonly unknown[] {
  const requirement = fields(expression);
  const key = requirement?.["key"];
  const values = list(requirement?.["values"])?.map(String);
  if (typeof key !== "string" || values === undefined || requirement?.["operator"] !== "In") {
    return [expression];
  }
  const bound = boundValues(key, values, disk);
  return bound.length === 0 ? [] : [{ ...requirement, values: bound }];
}

function boundValues(key: string, values: readonly string[], disk: RestoredDisk): readonly string[] {
  const region = normalRegion(disk.location);
  if (REGIONS.has(key)) {
    return values.some((value) => normalRegion(value) === region) ? values : [region];
  }
  if (!ZONES.has(key)) {
    return values;
  }
  const zonal = values.some((value) => /-[0-9]+$/.test(value));
  const [zone] = disk.zones;
  if (zone !== undefined) {
    return [`${region}-${zone}`];
  }
  if (!zonal) {
    return values; // "" or a fault domain: there was no zone before
  }
  if (kindOf(disk.sku)?.zoneRedundant === true) {
    return [...new Set(values.map((value) => value.replace(/^.+-([0-9]+)$/, `${region}-$1`)))];
  }
  return key === CSI_ZONE ? [""] : [];
}

function boundLabels(labels: Fields, disk: RestoredDisk): Fields {
  return Object.fromEntries(
    Object.entries(labels).flatMap(([key, value]): [string, unknown][] => {
      if (typeof value !== "string" || (!ZONES.has(key) && !REGIONS.has(key))) {
        return [[key, value]];
      }
      const [bound] = boundValues(key, [value], disk);
      return bound === undefined ? [] : [[key, bound]];
    }),
  );
}

/** Terms are alternatives; those of a zone-redundant disk become alike when the new one is in one zone. */
function distinct(terms: readonly unknown[]): readonly unknown[] {
  const texts = terms.map((term) => JSON.stringify(term));
  return terms.filter((_, index) => texts.indexOf(texts[index] ?? "") === index);
}

function list(value: unknown): readonly unknown[] | undefined {
  return Array.isArray(value) ? (value as readonly unknown[]) : undefined;
}

function fields(value: unknown): Fields | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : undefined;
}
