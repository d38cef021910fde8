import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { localIssuer } from "../../simulator/entra/local-issuer.ts";
import { certificateAuthority } from "../../simulator/http/certificates.ts";
import type { ErrorCode } from "../../src/errors/error.ts";
import { certificateFile } from "../sdk/certificate-files.ts";
import { OTHER_TENANT, startAzureWorld, TENANT, type AzureWorld, type Part } from "./azure-world.ts";
import { initVolumes, put, refusedWith, volumeInfo } from "./sign-in-calls.ts";
import { publicCloud } from "./sign-in-clouds.ts";
import { application, encrypted, USE_AAD } from "./sign-in-methods.ts";

let world: AzureWorld;

before(async () => {
  world = await startAzureWorld();
});
beforeEach(() => world.forget());
after(() => world[Symbol.asyncDispose]());

interface Refusal {
  readonly name: string;
  readonly part: () => Part | Promise<Part>;
  readonly code?: ErrorCode;
  /** What the user has to read. */
  readonly says: readonly (RegExp | string)[];
  /** False for what is found out before anybody is asked. */
  readonly asksEntra?: false;
}

const UNKNOWN = "99999999-9999-4999-8999-999999999999";

function principal(values: Readonly<Record<string, string>>): Part {
  return { values: { ...application(world), ...values } };
}

async function certificate(made: { certificate: string; key: string }, more = {}): Promise<Part> {
  const path = await world.file("client.pem", made.certificate + made.key);
  return principal({ AZURE_CLIENT_CERTIFICATE_PATH: path, ...more });
}

async function federated(
  wishes: Parameters<AzureWorld["tokenFile"]>[0],
  values: Readonly<Record<string, string>> = {},
): Promise<Part> {
  return principal({ AZURE_FEDERATED_TOKEN_FILE: await world.tokenFile(wishes), ...values });
}

const TRUST = "az identity federated-credential create";

const refusals: readonly Refusal[] = [
  {
    name: "a wrong client secret",
    part: () => principal({ AZURE_CLIENT_SECRET: "wrong" }),
    says: ["AADSTS7000215", "the client secret is wrong", "az ad app credential reset --id "],
  },
  {
    name: "a client secret that has expired",
    part: () => {
      const expires = world.azure.clock.now() - 1000;
      return principal({
        AZURE_CLIENT_SECRET: world.azure.directory.addSecret(world.application, { expires }).value,
      });
    },
    says: ["AADSTS7000222", "the client secret has expired", "az ad app credential reset --id "],
  },
  {
    name: "a tenant that nobody knows",
    part: () => principal({ AZURE_CLIENT_SECRET: world.secret, AZURE_TENANT_ID: UNKNOWN }),
    says: ["AADSTS90002", `does not know the tenant "${UNKNOWN}"`, "AZURE_CLOUD_NAME"],
  },
  {
    name: "an application that the tenant does not know",
    part: () => principal({ AZURE_CLIENT_SECRET: world.secret, AZURE_TENANT_ID: OTHER_TENANT }),
    says: ["AADSTS700016", `tenant "${OTHER_TENANT}" does not know the application`, "AZURE_CLIENT_ID"],
  },
  {
    name: "a certificate that the application does not have",
    part: async () => certificate(await world.azure.authority.client("stranger")),
    says: ["AADSTS700027", "not one of the application's", "--cert"],
  },
  {
    name: "a certificate that has expired",
    part: async () => {
      const longAgo = Date.now() - 800 * 24 * 3600_000;
      return certificate(await (await certificateAuthority("old", longAgo)).client("velero"));
    },
    says: [/client\.pem" expired at 20\d\d-/, "make a new certificate"],
    asksEntra: false,
  },
  {
    name: "a wrong password of an encrypted key",
    part: async () => {
      const { certificate: pem, key } = await world.azure.authority.client("velero");
      const made = { certificate: pem, key: encrypted(key, "right") };
      return certificate(made, { AZURE_CLIENT_CERTIFICATE_PASSWORD: "wrong" });
    },
    code: "InvalidArgument",
    says: ["cannot be decrypted", "check AZURE_CLIENT_CERTIFICATE_PASSWORD"],
    asksEntra: false,
  },
  {
    name: "a wrong password of a PKCS#12 file",
    part: async () => {
      const files = { authority: world.azure.authority, file: world.file };
      const { path } = await certificateFile(files, "PKCS#12 with a password");
      return principal({
        AZURE_CLIENT_CERTIFICATE_PATH: path,
        AZURE_CLIENT_CERTIFICATE_PASSWORD: "wrong",
      });
    },
    code: "InvalidArgument",
    says: [".pfx", "AZURE_CLIENT_CERTIFICATE_PASSWORD"],
    asksEntra: false,
  },
  {
    name: "an application without a federated credential",
    part: () => {
      const { clientId } = world.azure.directory.addApplication({ tenantId: TENANT });
      return federated({}, { AZURE_CLIENT_ID: clientId });
    },
    says: [/AADSTS(70025|70021)\b/, "no federated credential", TRUST, "https://cluster.test/issuer"],
  },
  {
    name: "a service account that the federated credential does not name",
    part: () => federated({ subject: "system:serviceaccount:other:velero" }),
    says: ["AADSTS700213", 'with subject "system:serviceaccount:other:velero"', TRUST],
  },
  {
    name: "a service account token for another audience",
    part: () => federated({ audience: "https://kubernetes.default.svc" }),
    says: ["AADSTS700212", "https://kubernetes.default.svc", "api://AzureADTokenExchange"],
  },
  {
    name: "a service account token of another cluster",
    part: () => federated({ issuer: "https://other.test/issuer" }),
    says: ["AADSTS700211", 'with issuer "https://other.test/issuer"', TRUST],
  },
  {
    name: "a service account token that somebody else has signed",
    part: async () => {
      const { issuer, clock } = { ...world.issuer, clock: world.azure.clock };
      const forger = await localIssuer({ issuer, clock });
      const token = await forger.token({ subject: "system:serviceaccount:velero:velero" });
      return principal({ AZURE_FEDERATED_TOKEN_FILE: await world.file("forged", token) });
    },
    says: [/AADSTS\d+/, "does not fit the keys", "jwks_uri"],
  },
  {
    name: "a service account token that has expired",
    part: () => federated({ lifetimeSeconds: -60 }),
    says: ["expired at", "AZURE_FEDERATED_TOKEN_FILE", "kubelet"],
    asksEntra: false,
  },
  {
    name: "a service account token that is not there",
    part: () => principal({ AZURE_FEDERATED_TOKEN_FILE: "/nowhere/token" }),
    code: "InvalidArgument",
    says: ['AZURE_FEDERATED_TOKEN_FILE "/nowhere/token"', "is not there"],
    asksEntra: false,
  },
  {
    name: "a service account token that is none",
    part: async () => principal({ AZURE_FEDERATED_TOKEN_FILE: await world.file("token", "nonsense") }),
    code: "InvalidArgument",
    says: ["is not a JWT", "api://AzureADTokenExchange"],
    asksEntra: false,
  },
];

for (const { name, part, code = "Unauthenticated", says, asksEntra = true } of refusals) {
  test(`${name} is refused with its reason, for blobs and for disks`, async () => {
    const cloud = await publicCloud.part(world);
    const own = await part();
    const blobs = await world.location(cloud, own, USE_AAD);
    await blobs.plugin.init(blobs.config);
    await assert.rejects(put(blobs, "refused"), refusedWith(code, ...says));
    const disks = await world.volumes(cloud, own);
    await initVolumes(disks);
    await assert.rejects(volumeInfo(disks), refusedWith(code, ...says));
    assert.deepEqual(world.asked(), asksEntra ? ["entra token", "entra token"] : [], "who was asked");
  });
}
