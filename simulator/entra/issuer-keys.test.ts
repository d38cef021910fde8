import assert from "node:assert/strict";
import { after, test } from "node:test";
import { steerableClock } from "../core/clock.ts";
import { certificateAuthority } from "../http/certificates.ts";
import { listen } from "../http/listener.ts";
import { fetchJsonFromNetwork, publishedKeys } from "./issuer-keys.ts";
import { localIssuer } from "./local-issuer.ts";

const ISSUER = "https://kubernetes.default.svc.cluster.local";
const authority = await certificateAuthority("cluster");
const issuer = await localIssuer({ issuer: ISSUER, clock: steerableClock() });
const server = await listen(issuer.handler, { tls: await authority.server(["127.0.0.1"]) });
after(() => server.close());

test("an API server with an authority of its own is asked at its address, under the name that it issues by", async () => {
  const trust = { issuer: ISSUER, address: server.origin, ca: authority.certificate };
  assert.deepEqual(await publishedKeys(trust, fetchJsonFromNetwork), issuer.jwks);
});

test("an issuer is not believed by a name that it does not have, nor without its authority", async () => {
  const named = { issuer: `${ISSUER}/`, address: server.origin, ca: authority.certificate };
  await assert.rejects(publishedKeys(named, fetchJsonFromNetwork), /says that it is/);
  await assert.rejects(publishedKeys({ issuer: ISSUER, address: server.origin }, fetchJsonFromNetwork));
});
