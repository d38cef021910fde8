import { readCloudFile } from "./cloud-document.ts";
import type { CloudSettings, CloudSource } from "./cloud-source.ts";
import { SharedFlight } from "../shared-flight.ts";
import type { Cloud, CloudChoice } from "../../credentials/cloud.ts";

export type { CloudSettings, CloudSource } from "./cloud-source.ts";
export { findCloud } from "../../credentials/cloud.ts";

/**
 * The cloud that `chooseCloud` chose, with the location's own authority where it has one. Reads the file of
 * AZURE_ENVIRONMENT_FILEPATH at once: `Failure` InvalidArgument or NotFound when that is not what it should be. Makes no
 * request.
 */
export function openCloud(choice: CloudChoice, settings: CloudSettings): CloudSource {
  const { where, authority } = choice;
  const own = (cloud: Cloud): Cloud =>
    authority === undefined ? cloud : { ...cloud, authority: authority.url };
  if (where.kind !== "asked") {
    const cloud = where.kind === "known" ? own(where.cloud) : readCloudFile(where.path, authority?.url);
    return { name: choice.name, known: cloud, find: () => Promise.resolve(cloud) };
  }
  let found: Cloud | undefined;
  const flight = new SharedFlight(async (signal) => {
    const { askResourceManager } = await import("./cloud-metadata.ts");
    found = own(await askResourceManager(where.resourceManager, settings, signal));
    return found;
  });
  return {
    name: choice.name,
    get known() {
      return found;
    },
    find: (signal) => (found === undefined ? flight.join(signal) : Promise.resolve(found)),
  };
}
