import assert from "node:assert/strict";
import { test } from "node:test";
import { certificateAuthority } from "../http/certificates.ts";
import {
  asAssertion,
  type AssertionWishes,
  certificateAssertion,
  type EntraWorld,
  entraWorld,
} from "./entra.fixture.ts";
import { localIssuer } from "./local-issuer.ts";

const SUBJECT = "system:serviceaccount:velero:velero";
const authority = await certificateAuthority("Trusted Authority");
const stranger = await certificateAuthority("Trusted Authority");
const own = await authority.client("velero.example");
const other = await authority.client("other.example");

function wishes({ tokenEndpoint, application, clock }: EntraWorld): AssertionWishes {
  return { audience: tokenEndpoint, clientId: application.clientId, now: clock.now() };
}

test("a registered certificate signs in, by either thumbprint", async (t) => {
  const world = await entraWorld();
  world.directory.addCertificate(world.application, own.certificate);
  for (const algorithm of ["PS256", "RS256"] as const) {
    await t.test(algorithm, async () => {
      const jwt = await certificateAssertion(own, { ...wishes(world), algorithm });
      assert.equal((await world.token(asAssertion(jwt))).status, 200);
    });
  }
});

test("what is wrong with a certificate's assertion is told apart", async (t) => {
  const world = await entraWorld();
  world.directory.addCertificate(world.application, own.certificate);
  const good = wishes(world);
  const forged = { certificate: own.certificate, key: other.key };
  const cases = [
    ["a certificate that is not registered", 700027, other, good],
    ["another key than the certificate's", 700027, forged, good],
    ["expired", 700024, own, { ...good, lifetimeSeconds: -600 }],
    ["not yet valid", 700024, own, { ...good, now: good.now + 3_600_000 }],
    ["for another endpoint", 700023, own, { ...good, audience: "https://login.example/token" }],
    ["for another application", 700021, own, { ...good, subject: "11111111-1111-4111-8111-111111111111" }],
  ] as const;
  for (const [name, code, certificate, options] of cases) {
    await t.test(name, async () => {
      const { status, body } = await world.token(
        asAssertion(await certificateAssertion(certificate, options)),
      );
      assert.deepEqual([status, body["error"], body["error_codes"]], [401, "invalid_client", [code]]);
    });
  }
  await t.test("no assertion at all", async () => {
    assert.deepEqual((await world.token(asAssertion("a.b.c"))).body["error_codes"], [50027]);
  });
  await t.test("without its type", async () => {
    assert.deepEqual((await world.token({ client_assertion: "a.b.c" })).body["error_codes"], [900144]);
  });
  await t.test("of a certificate that has run out", async () => {
    world.clock.advance(400 * 24 * 60 * 60 * 1000);
    const { body } = await world.token(asAssertion(await certificateAssertion(own, wishes(world))));
    assert.deepEqual(body["error_codes"], [700027]);
  });
});

test("a trusted subject signs in with any certificate of the authority, if it sends the chain", async (t) => {
  const world = await entraWorld();
  const subject = "velero.example";
  world.directory.trustSubject(world.application, { subject, authority: authority.certificate });
  const renewed = await authority.client(subject);
  const imitated = await stranger.client(subject);
  const cases = [
    ["renewed, with its chain", 200, renewed, [renewed.certificate, authority.certificate]],
    ["renewed, alone in its chain", 200, renewed, [renewed.certificate]],
    ["renewed, without its chain", 401, renewed, undefined],
    ["of another subject", 401, other, [other.certificate, authority.certificate]],
    ["of another authority", 401, imitated, [imitated.certificate, stranger.certificate]],
  ] as const;
  for (const [name, status, certificate, chain] of cases) {
    await t.test(name, async () => {
      const options = { ...wishes(world), ...(chain === undefined ? {} : { chain }) };
      const jwt = await certificateAssertion(certificate, options);
      assert.equal((await world.token(asAssertion(jwt))).status, status);
    });
  }
});

async function federatedWorld(issuerName = "https://cluster.example/") {
  const fetched: string[] = [];
  const world = await entraWorld({
    fetchJson: async (url) => {
      fetched.push(url);
      const { pathname, origin } = new URL(url);
      const request = { method: "GET", origin, path: pathname, query: "", headers: {}, body: nothing() };
      const { status, body } = await issuer.handler(request);
      if (status !== 200) throw new Error(`${url} answers ${status}`);
      return JSON.parse(typeof body === "string" ? body : "");
    },
  });
  const issuer = await localIssuer({ issuer: issuerName, clock: world.clock });
  world.directory.addFederatedCredential(world.application, {
    name: "velero",
    issuer: issuerName,
    subject: SUBJECT,
    audiences: ["api://AzureADTokenExchange"],
  });
  return { ...world, issuer, fetched };
}

async function* nothing(): AsyncGenerator<Uint8Array> {}

test("a federated token signs in after its issuer's keys were asked for", async () => {
  const world = await federatedWorld();
  const answer = await world.token(asAssertion(await world.issuer.token({ subject: SUBJECT })));
  assert.equal(answer.status, 200);
  assert.deepEqual(world.fetched, [
    "https://cluster.example/.well-known/openid-configuration",
    "https://cluster.example/openid/v1/jwks",
  ]);
});

test("an issuer may be asked at another address, or not at all", async () => {
  const world = await federatedWorld();
  const { issuer } = world.issuer;
  const jwt = await world.issuer.token({ subject: SUBJECT });
  world.directory.trustIssuer({ issuer, address: "https://127.0.0.1:6443" });
  assert.equal((await world.token(asAssertion(jwt))).status, 200);
  assert.equal(world.fetched[1], "https://127.0.0.1:6443/openid/v1/jwks");
  world.directory.trustIssuer({ issuer, jwks: world.issuer.jwks });
  assert.equal((await world.token(asAssertion(jwt))).status, 200);
  assert.equal(world.fetched.length, 2);
});

test("what is wrong with a federated token is told apart", async (t) => {
  const world = await federatedWorld();
  const cases = [
    ["issuer without its slash", 700211, { subject: SUBJECT, issuer: "https://cluster.example" }],
    ["another audience", 700212, { subject: SUBJECT, audience: "api://elsewhere" }],
    ["another subject", 700213, { subject: "system:serviceaccount:default:default" }],
    ["subject in other case", 7002138, { subject: SUBJECT.toUpperCase() }],
    ["expired", 700024, { subject: SUBJECT, lifetimeSeconds: -60 }],
  ] as const;
  for (const [name, code, options] of cases) {
    await t.test(name, async () => {
      const { status, body } = await world.token(asAssertion(await world.issuer.token(options)));
      assert.deepEqual([status, body["error"], body["error_codes"]], [401, "invalid_client", [code]]);
    });
  }
  await t.test("signed by somebody else", async () => {
    const { issuer } = world.issuer;
    const impostor = await localIssuer({ issuer, clock: world.clock });
    const { body } = await world.token(asAssertion(await impostor.token({ subject: SUBJECT })));
    assert.deepEqual(body["error_codes"], [50013]);
  });
  await t.test("from an issuer that cannot be asked", async () => {
    world.directory.trustIssuer({ issuer: world.issuer.issuer, address: "https://127.0.0.1:1/elsewhere" });
    world.directory.trustIssuer({ issuer: world.issuer.issuer, address: "not an address" });
    const { status, body } = await world.token(asAssertion(await world.issuer.token({ subject: SUBJECT })));
    assert.deepEqual([status, body["error_codes"]], [400, [90061]]);
  });
  await t.test("after the federation was ended", async () => {
    world.directory.removeFederatedCredential(world.application, "velero");
    const { body } = await world.token(asAssertion(await world.issuer.token({ subject: SUBJECT })));
    assert.deepEqual(body["error_codes"], [70025]);
  });
});
