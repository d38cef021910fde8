import { ManagementError } from "../errors.ts";
import { invalidParameter } from "./refusals.ts";

/**
 * Refuses a name that Compute's resources cannot have. `kind` as in `disk`.
 * Source: learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules
 */
export function checkName(name: string, kind: string): void {
  if (name.length > 260) {
    throw new ManagementError(
      400,
      "ResourceNameTooLong",
      `The provided resource name '${name}' has a length of '${name.length}' which exceeds the maximum length of '260'.`,
    );
  }
  if (!/^[A-Za-z0-9](?:[\w.-]{0,78}\w)?$/.test(name)) {
    throw invalidParameter(`The value of parameter ${kind}.name is invalid.`, `${kind}.name`);
  }
}

/**
 * Refuses tags that Resource Manager takes for no resource.
 * Source: learn.microsoft.com/azure/azure-resource-manager/management/tag-resources (limitations)
 */
export function checkTags(tags: Readonly<Record<string, string>>): void {
  const names = Object.keys(tags);
  if (names.length > 50) {
    throw new ManagementError(
      400,
      "TooManyTags",
      `The resource has '${names.length}' tags. The maximum number of tags on a resource is '50'.`,
    );
  }
  const reserved = names.filter((name) => name.trim() === "" || /[<>%&\\?/\p{Cc}]/u.test(name));
  if (reserved.length > 0) {
    throw new ManagementError(
      400,
      "InvalidTagNameCharacters",
      `The tag names '${reserved.join(",")}' have reserved characters '<,>,%,&,\\,?,/' or control characters.`,
    );
  }
  const long = names.find((name) => name.length > 512);
  if (long !== undefined) {
    throw new ManagementError(
      400,
      "InvalidTagNameLength",
      `Tag name too large.  Following tag name '${long}' exceeded the maximum length. Maximum allowed length for ` +
        "tag name - '512' characters.",
    );
  }
  const large = Object.values(tags).find((value) => value.length > 256);
  if (large !== undefined) {
    throw new ManagementError(
      400,
      "InvalidTagValueLength",
      `Tag value too large.  Following tag value '${large}' exceeded the maximum length. Maximum allowed length for ` +
        "tag value - '256' characters.",
    );
  }
  checkTwins(names);
}

/** Names are one without regard to case. */
function checkTwins(names: readonly string[]): void {
  const seen = new Set<string>();
  for (const name of names) {
    if (seen.has(name.toLowerCase())) {
      throw new ManagementError(
        400,
        "InvalidRequestContent",
        `The request content was invalid and could not be deserialized: 'Duplicate tag name ${name}'.`,
      );
    }
    seen.add(name.toLowerCase());
  }
}
