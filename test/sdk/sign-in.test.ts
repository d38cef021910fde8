import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, test } from "node:test";
import { decodeJwt } from "jose";
import { certificateAuthority } from "../../simulator/http/certificates.ts";
import { certificateFile, FORMS, type CertificateFile } from "./certificate-files.ts";
import { SDKS } from "./client.ts";
import type { SignIn } from "./order.ts";
import { OTHER_TENANT, startWorld, TENANT, type Application, type World } from "./world.ts";

const SCOPE = "https://management.azure.com/.default";
let world: World;

before(async () => {
  world = await startWorld();
});
after(() => world[Symbol.asyncDispose]());

function byCertificate({ tenantId, clientId }: Application, file: CertificateFile): SignIn {
  return {
    ...{ method: "certificate", tenantId, clientId, certificatePath: file.path },
    ...(file.password === undefined ? {} : { certificatePassword: file.password }),
  };
}

const refusals = [
  {
    name: "a wrong secret",
    expected: { status: 401, code: "AADSTS7000215" },
    signIn: () => ({ ...world.application().signIn, clientSecret: "not-the-secret" }),
  },
  {
    name: "an expired secret",
    expected: { status: 401, code: "AADSTS7000222" },
    signIn: () => {
      const { signIn, ...application } = world.application();
      const expired = world.directory.addSecret(application, { expires: world.clock.now() - 1000 });
      return { ...signIn, clientSecret: expired.value };
    },
  },
  {
    name: "an application that is not in the tenant",
    expected: { status: 400, code: "AADSTS700016" },
    signIn: () => ({ ...world.application().signIn, clientId: randomUUID() }),
  },
  {
    name: "an application in the wrong tenant",
    expected: { status: 400, code: "AADSTS700016" },
    signIn: () => ({ ...world.application().signIn, tenantId: OTHER_TENANT }),
  },
  {
    name: "a certificate that is not registered",
    expected: { status: 401, code: "AADSTS700027" },
    signIn: async () => byCertificate(world.application(), await certificateFile(world, "PEM")),
  },
  {
    name: "a trusted subject's certificate without its chain",
    expected: { status: 401, code: "AADSTS700027" },
    signIn: async () => {
      const application = world.application();
      const trusted = { subject: "velero", authority: world.authority.certificate };
      world.directory.trustSubject(application, trusted);
      return byCertificate(application, await certificateFile(world, "PEM"));
    },
  },
  {
    name: "a trusted subject's certificate from another authority",
    expected: { status: 401, code: "AADSTS700027" },
    signIn: async () => {
      const application = world.application();
      const trusted = { subject: "velero", authority: world.authority.certificate };
      world.directory.trustSubject(application, trusted);
      const file = await certificateFile(world, "PEM", "velero", await certificateAuthority("another"));
      return { ...byCertificate(application, file), sendCertificateChain: true };
    },
  },
];

for (const sdk of SDKS) {
  test(`${sdk} signs in with a client secret, in the public cloud as it comes`, async () => {
    const { signIn, clientId, objectId } = world.application();
    const client = await world.client(sdk);
    const { token, expiresOn } = await client.ask({ do: "token", signIn, with: { scope: SCOPE } });
    const { tid, oid, appid, aud, exp } = decodeJwt(token);
    assert.deepEqual(
      { tid, oid, appid, aud },
      { tid: TENANT, oid: objectId, appid: clientId, aud: "https://management.azure.com" },
    );
    assert.ok(Math.abs((exp ?? 0) - expiresOn) < 60);
  });

  for (const form of FORMS) {
    for (const sendCertificateChain of [false, true]) {
      const chain = sendCertificateChain ? "with" : "without";
      test(`${sdk} signs in with a registered certificate, ${form}, ${chain} its chain`, async () => {
        const application = world.application();
        const file = await certificateFile(world, form);
        world.directory.addCertificate(application, file.certificate);
        const signIn = { ...byCertificate(application, file), sendCertificateChain };
        const client = await world.client(sdk);
        const { token } = await client.ask({ do: "token", signIn, with: { scope: SCOPE } });
        assert.equal(decodeJwt(token)["oid"], application.objectId);
      });
    }
  }

  test(`${sdk} signs in with a certificate whose subject is trusted, when it sends the chain`, async () => {
    const application = world.application();
    world.directory.trustSubject(application, { subject: "velero", authority: world.authority.certificate });
    const file = await certificateFile(world, "PEM");
    const signIn = { ...byCertificate(application, file), sendCertificateChain: true };
    const client = await world.client(sdk);
    const { token } = await client.ask({ do: "token", signIn, with: { scope: SCOPE } });
    assert.equal(decodeJwt(token)["oid"], application.objectId);
  });

  test(`${sdk} signs in to another tenant that is allowed additionally, and to no other`, async () => {
    const application = world.application();
    const { clientId } = application;
    const guest = world.directory.addApplication({ tenantId: OTHER_TENANT, clientId });
    world.directory.addSecret(guest, { value: application.signIn.clientSecret ?? "" });
    const order = { do: "token", with: { scope: SCOPE, tenantId: OTHER_TENANT } } as const;
    const client = await world.client(sdk);
    const signIn = { ...application.signIn, additionallyAllowedTenants: [OTHER_TENANT] };
    const { token } = await client.ask({ ...order, signIn });
    assert.equal(decodeJwt(token)["oid"], guest.objectId);
    const { kind } = await client.refused({ ...order, signIn: application.signIn });
    assert.notEqual(kind, "service");
  });

  for (const { name, expected, signIn } of refusals) {
    test(`${sdk} is refused for ${name}`, async () => {
      const client = await world.client(sdk);
      const order = { do: "token", signIn: await signIn(), with: { scope: SCOPE } } as const;
      const { kind, status, code } = await client.refused(order);
      assert.deepEqual([kind, code], ["sign-in", expected.code]);
      // The library beneath Python's keeps it to itself.
      if (sdk === "Go") assert.equal(status, expected.status);
    });
  }

  test(`${sdk} is refused for a tenant that does not exist`, async () => {
    const client = await world.client(sdk);
    const signIn = { ...world.application().signIn, tenantId: randomUUID() };
    const refusal = await client.refused({ do: "token", signIn, with: { scope: SCOPE } });
    assert.equal(refusal.kind, "sign-in", refusal.message);
  });

  test(`${sdk} is refused a token for a resource that does not exist`, async () => {
    const client = await world.client(sdk);
    const { signIn } = world.application();
    const order = { do: "token", signIn, with: { scope: "https://nothing.test/.default" } } as const;
    const { kind, code } = await client.refused(order);
    assert.deepEqual({ kind, code }, { kind: "sign-in", code: "AADSTS500011" });
  });

  test(`${sdk} waits as long as Entra says when it is throttled, and signs in then`, async () => {
    world.faults.add({
      service: "entra",
      operation: "token",
      effect: { kind: "throttle", retryAfterSeconds: 1 },
    });
    const client = await world.client(sdk);
    const { signIn } = world.application();
    await client.ask({ do: "token", signIn, with: { scope: SCOPE } });
    world.faults.assertSpent();
  });
}
