import {
  AccountSASPermissions,
  AccountSASResourceTypes,
  AccountSASServices,
  type AccountSASSignatureValues,
  BlobSASPermissions,
  type BlobSASSignatureValues,
  ContainerSASPermissions,
  generateAccountSASQueryParameters,
  generateBlobSASQueryParameters,
  SASProtocol,
} from "@azure/storage-blob";
import { sharedKey } from "./gate.fixture.ts";
import { at, table } from "./refusals.fixture.ts";

function accountSas(values: Partial<AccountSASSignatureValues>): string {
  const complete = {
    ...{ expiresOn: at(1), permissions: AccountSASPermissions.parse("rl"), version: "2022-11-02" },
    services: AccountSASServices.parse("b").toString(),
    resourceTypes: AccountSASResourceTypes.parse("co").toString(),
    ...values,
  };
  return generateAccountSASQueryParameters(complete, sharedKey()).toString();
}

function serviceSas(values: Partial<BlobSASSignatureValues>, key?: string): string {
  const complete = {
    ...{ containerName: "box", expiresOn: at(1), version: "2022-11-02" },
    permissions: ContainerSASPermissions.parse("rl"),
    ...values,
  };
  return generateBlobSASQueryParameters(complete, sharedKey(key)).toString();
}

const forBlob = { blobName: "item", permissions: BlobSASPermissions.parse("r") };
const list = { path: "/box", query: "restype=container&comp=list" };

table([
  {
    name: "a SAS that has expired",
    given: () => ({ query: serviceSas({ startsOn: at(-2), expiresOn: at(-1) }) }),
    status: 403,
    code: "AuthenticationFailed",
    detail:
      /Signature not valid in the specified time frame: Start \[Sun, 22 Nov 2026 10:00:00 GMT\] - Expiry \[Sun, 22 Nov 2026 11:00:00 GMT\] - Current \[Sun, 22 Nov 2026 12:00:00 GMT\]/,
  },
  {
    name: "a SAS that has not begun",
    given: () => ({ query: accountSas({ startsOn: at(0.5) }) }),
    status: 403,
    code: "AuthenticationFailed",
    detail: /time frame/,
  },
  {
    name: "a SAS of another key",
    given: () => ({ query: serviceSas({}, Buffer.alloc(64, "x").toString("base64")) }),
    status: 403,
    code: "AuthenticationFailed",
    detail: /Signature did not match\. String to sign used was rl\n/,
  },
  {
    name: "a SAS whose permissions were widened",
    given: () => ({ query: serviceSas({}).replace("sp=rl", "sp=rwdl") }),
    status: 403,
    code: "AuthenticationFailed",
    detail: /Signature did not match/,
  },
  {
    name: "a container's SAS for another container",
    given: () => ({ path: "/other/item", query: serviceSas({}) }),
    status: 403,
    code: "AuthenticationFailed",
    detail: /Signature did not match/,
  },
  {
    name: "a blob's SAS for another blob",
    given: () => ({ path: "/box/other", query: serviceSas(forBlob) }),
    status: 403,
    code: "AuthenticationFailed",
    detail: /Signature did not match/,
  },
  {
    name: "a blob's SAS for its container",
    given: () => ({ ...list, query: `${list.query}&${serviceSas(forBlob)}` }),
    status: 403,
    code: "AuthenticationFailed",
    detail: /The specified signed resource is not allowed for the this resource level/,
  },
  {
    name: "a SAS without its resource",
    given: () => ({ query: serviceSas({}).replace("sr=c", "") }),
    status: 403,
    code: "AuthenticationFailed",
    detail: /sr is mandatory\. Cannot be empty/,
  },
  {
    name: "a SAS without the permission",
    given: () => ({ method: "DELETE", query: serviceSas({}) }),
    status: 403,
    code: "AuthorizationPermissionMismatch",
  },
  {
    name: "a container's SAS for the container itself",
    given: () => ({ method: "PUT", path: "/box", query: `restype=container&${serviceSas({})}` }),
    status: 403,
    code: "AuthorizationFailure",
  },
  {
    name: "an account SAS for another service",
    given: () => ({ query: accountSas({ services: "q" }) }),
    status: 403,
    code: "AuthorizationServiceMismatch",
  },
  {
    name: "an account SAS for another type of resource",
    given: () => ({ ...list, query: `${list.query}&${accountSas({ resourceTypes: "o" })}` }),
    status: 403,
    code: "AuthorizationResourceTypeMismatch",
  },
  {
    name: "an account SAS without the permission",
    given: () => ({ method: "PUT", query: accountSas({}) }),
    status: 403,
    code: "AuthorizationPermissionMismatch",
  },
  {
    name: "a SAS for https over http",
    given: () => ({
      origin: "http://gateaccount.blob.core.windows.net",
      query: serviceSas({ protocol: SASProtocol.Https }),
    }),
    status: 403,
    code: "AuthorizationProtocolMismatch",
  },
  {
    name: "a SAS for another address",
    given: () => ({ query: serviceSas({ ipRange: { start: "10.0.0.1", end: "10.0.0.9" } }) }),
    status: 403,
    code: "AuthorizationSourceIPMismatch",
    detail: /using this source IP 127\.0\.0\.1\./,
  },
  {
    name: "an account SAS where keys are disabled",
    given: () => ({ query: accountSas({}), account: { allowSharedKeyAccess: false } }),
    status: 403,
    code: "KeyBasedAuthenticationNotPermitted",
  },
  {
    name: "a service SAS where keys are disabled",
    given: () => ({ query: serviceSas({}), account: { allowSharedKeyAccess: false } }),
    status: 403,
    code: "KeyBasedAuthenticationNotPermitted",
  },
]);
