import { randomUUID } from "node:crypto";

import { diskEncryptionSetBody } from "../compute/bodies.ts";
import { checkTags } from "../compute/name-rules.ts";
import type { DiskEncryptionSetRecord } from "../compute/records.ts";
import { missing, notAllowed } from "../compute/refusals.ts";
import { accept, existing, newId } from "../compute/requests.ts";
import { newcomer, resourceRoutes } from "../compute/resource-routes.ts";
import { objectIn, tagsIn, textIn } from "../json.ts";
import { keyOf } from "../resource-id.ts";
import { variable } from "../routes.ts";
import type { Answer, ManagementRequest, Route } from "../routes.ts";
import type { ResourceManagerState } from "../state.ts";

const TYPE = "Microsoft.Compute/diskEncryptionSets";

/** Vaults are not simulated: of the key only its address is kept. Source: learn.microsoft.com/rest/api/compute/disk-encryption-sets */
export function diskEncryptionSetRoutes(): readonly Route[] {
  const table = ({ diskEncryptionSets }: ResourceManagerState) => diskEncryptionSets;
  return resourceRoutes({
    name: "diskEncryptionSets",
    table,
    bodyOf: diskEncryptionSetBody,
    create,
    update,
    remove,
  });
}

function existingSet(request: ManagementRequest): DiskEncryptionSetRecord {
  return existing(request, request.state.diskEncryptionSets, TYPE);
}

async function create(request: ManagementRequest): Promise<Answer> {
  const { state } = request;
  if (state.diskEncryptionSets[keyOf(request.id)] !== undefined) {
    return update(request);
  }
  const body = await request.body();
  const { name, location } = newcomer(request, body, "diskEncryptionSet");
  const properties = objectIn(body, "properties");
  const keyUrl = textIn(objectIn(properties, "activeKey"), "keyUrl");
  if (keyUrl === undefined) {
    throw missing("diskEncryptionSet.activeKey.keyUrl");
  }
  const set: DiskEncryptionSetRecord = {
    id: newId(request, TYPE),
    name,
    location,
    principalId: randomUUID(),
    tenantId: state.subscriptions[variable(request, "subscription").toLowerCase()]?.tenantId ?? "",
    encryptionType: textIn(properties, "encryptionType") ?? "EncryptionAtRestWithCustomerKey",
    keyUrl,
    tags: tagsIn(body) ?? {},
    provisioningState: "Updating",
    keyIsAccessible: true,
  };
  state.diskEncryptionSets[keyOf(set.id)] = set;
  return begin(request, set);
}

async function update(request: ManagementRequest): Promise<Answer> {
  const set = existingSet(request);
  const body = await request.body();
  const tags = tagsIn(body);
  checkTags(tags ?? {});
  set.tags = tags ?? set.tags;
  set.keyUrl = textIn(objectIn(objectIn(body, "properties"), "activeKey"), "keyUrl") ?? set.keyUrl;
  set.provisioningState = "Updating";
  return begin(request, set);
}

function begin(request: ManagementRequest, set: DiskEncryptionSetRecord): Answer {
  const { id: resourceId, location } = set;
  const begun = { effect: "provision", resourceId, location, milliseconds: 0 } as const;
  return accept(request, begun, diskEncryptionSetBody(set));
}

/** What encrypts something cannot go. */
function remove(request: ManagementRequest): Answer {
  const { state } = request;
  if (state.diskEncryptionSets[keyOf(request.id)] === undefined) {
    return { status: 204 };
  }
  const { id: resourceId, location } = existingSet(request);
  const user = [...Object.values(state.disks), ...Object.values(state.snapshots)].find(
    ({ encryption }) => keyOf(encryption.diskEncryptionSetId ?? "") === keyOf(resourceId),
  );
  if (user !== undefined) {
    throw notAllowed(`Disk encryption set '${resourceId}' cannot be deleted: it is in use by '${user.id}'.`);
  }
  return accept(request, { effect: "delete", resourceId, location, milliseconds: 0 });
}
