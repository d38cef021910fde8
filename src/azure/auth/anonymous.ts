import type { Authorizer } from "./authorizer.ts";

/** For requests that carry what they need, or need nothing: those for tokens themselves. */
export const anonymous: Authorizer = { authorize: (request) => request };
