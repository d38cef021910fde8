import { checkApiVersion, isKnownNamespace, versionsOf } from "./api-versions.ts";
import { ManagementError } from "./errors.ts";
import { matchPath } from "./resource-id.ts";
import type { PathVariables } from "./resource-id.ts";
import type { Route } from "./routes.ts";

/** The operation of a path and method; none for a type that is not there. Throws 405 for another method. */
export function routeFor(
  routes: readonly Route[],
  method: string,
  segments: readonly string[],
): { route?: Route; path: PathVariables } {
  let known = false;
  for (const route of routes) {
    const path = matchPath(route.path, segments);
    if (path !== undefined) {
      known = true;
      if (route.method === method) {
        return { route, path };
      }
    }
  }
  if (known) {
    throw new ManagementError(
      405,
      "HttpMethodNotSupported",
      `The requested resource does not support http method '${method}'.`,
    );
  }
  return { path: {} };
}

/** Refuses a version that the provider of the route's type does not have. */
export function checkVersionOf(route: Route, apiVersion: string, location: string): void {
  const { namespace, type } = typeOf(route.path);
  checkApiVersion(namespace, type, apiVersion, location);
}

/** Namespace and type of a path, such as `Microsoft.Storage` and `storageAccounts/blobServices`. */
function typeOf(path: string): { namespace: string; type: string } {
  const segments = path.split("/").filter((segment) => segment !== "");
  const start = segments.findLastIndex((segment) => segment.toLowerCase() === "providers");
  if (start < 0) {
    const group = segments[2]?.toLowerCase() === "resourcegroups";
    return { namespace: "Microsoft.Resources", type: group ? "resourceGroups" : "subscriptions" };
  }
  const types = segments.slice(start + 2).filter((_, index) => index % 2 === 0);
  return { namespace: segments[start + 1] ?? "", type: types.join("/") };
}

/** 404 for a path that is no operation's. */
export function noSuchType(segments: readonly string[], apiVersion: string): ManagementError {
  const { namespace, type } = typeOf(`/${segments.join("/")}`);
  if (segments[0]?.toLowerCase() !== "subscriptions" && segments[0]?.toLowerCase() !== "providers") {
    return new ManagementError(
      404,
      "MissingSubscription",
      "The request did not have a subscription or a valid tenant level resource provider.",
    );
  }
  if (!isKnownNamespace(namespace)) {
    return new ManagementError(
      404,
      "InvalidResourceNamespace",
      `The resource namespace '${namespace}' is invalid.`,
    );
  }
  return new ManagementError(
    404,
    "InvalidResourceType",
    `The resource type '${type}' could not be found in the namespace '${namespace}' for api version ` +
      `'${apiVersion}'. The supported api-versions are '${versionsOf(namespace).join(",")}'.`,
  );
}
