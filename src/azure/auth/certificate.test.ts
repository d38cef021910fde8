import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { constants, createHash, verify, X509Certificate } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import type { ClientCertificateProof } from "../../credentials/identity.ts";
import { describeFailure, type ErrorCode } from "../../errors/error.ts";
import { Secret } from "../../secret/secret.ts";
import { CLIENT, cloudSource, failureOf, never, setUp, STORAGE, TENANT } from "./provider.fixture.ts";

const folder = mkdtempSync(join(tmpdir(), "velero-azure-test-"));
after(() => rmSync(folder, { recursive: true }));
const at = (name: string): string => join(folder, name);
const openssl = (...args: string[]): void => {
  execFileSync("openssl", args, { cwd: folder, stdio: ["ignore", "ignore", "pipe"] });
};

openssl(..."req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.crt -days 3650 -subj /CN=ca".split(" "));
openssl(..."req -newkey rsa:2048 -nodes -keyout key.pem -out leaf.csr -subj /CN=velero".split(" "));
openssl(
  ..."x509 -req -in leaf.csr -CA ca.crt -CAkey ca.key -CAcreateserial -out leaf.crt -days 3650".split(" "),
);
openssl(
  ..."req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ec.key -out ec.crt -days 3650 -subj /CN=ec".split(
    " ",
  ),
);
openssl(..."pkcs8 -topk8 -in key.pem -out pkcs8.key -v2 aes-256-cbc -passout pass:hunter2".split(" "));
openssl(..."rsa -in key.pem -traditional -aes128 -out traditional.key -passout pass:hunter2".split(" "));
const pfx = (out: string, ...more: string[]): void =>
  openssl(
    "pkcs12",
    "-export",
    "-inkey",
    "key.pem",
    "-in",
    "leaf.crt",
    "-certfile",
    "ca.crt",
    "-out",
    out,
    ...more,
  );
pfx("modern.pfx", "-passout", "pass:hunter2");
pfx("legacy.pfx", "-legacy", "-passout", "pass:hunter2");
pfx("empty.pfx", "-passout", "pass:");
openssl(..."pkcs12 -export -inkey ec.key -in ec.crt -out ec.pfx -passout pass:hunter2".split(" "));

const read = (name: string): string => readFileSync(at(name), "utf8");
const leaf = new X509Certificate(read("leaf.crt"));
const authority = new X509Certificate(read("ca.crt"));
const NOW = Date.now();

function proof(
  certificate: { pem: string } | { path: string },
  password?: string,
  more: Partial<ClientCertificateProof> = {},
): ClientCertificateProof {
  return {
    method: "client certificate",
    tenant: TENANT,
    client: CLIENT,
    additionalTenants: [],
    certificate: "pem" in certificate ? { pem: new Secret(certificate.pem) } : { path: at(certificate.path) },
    password: password === undefined ? undefined : new Secret(password),
    sendChain: false,
    key: "pem" in certificate ? "AZURE_CLIENT_CERTIFICATE" : "AZURE_CLIENT_CERTIFICATE_PATH",
    ...more,
  };
}

function ask(given: ClientCertificateProof, origin = "https://login.example", time = NOW) {
  const world = setUp(given, undefined, { cloud: cloudSource({ authority: origin }) });
  world.clock.time = time;
  return { ...world, answer: world.source.token(STORAGE, never) };
}

interface Assertion {
  readonly header: Readonly<Record<string, unknown>>;
  readonly claims: Readonly<Record<string, unknown>>;
  readonly signed: Buffer;
  readonly signature: Buffer;
}

async function assertionOf(given: ClientCertificateProof, origin?: string): Promise<Assertion> {
  const { answer, provider } = ask(given, origin);
  await answer;
  assert.equal(provider.requests.length, 1);
  const form = provider.form();
  assert.equal(form["client_assertion_type"], "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
  assert.equal(form["client_secret"], undefined);
  const [header = "", claims = "", signature = ""] = (form["client_assertion"] ?? "").split(".");
  return {
    header: JSON.parse(Buffer.from(header, "base64url").toString()),
    claims: JSON.parse(Buffer.from(claims, "base64url").toString()),
    signed: Buffer.from(`${header}.${claims}`),
    signature: Buffer.from(signature, "base64url"),
  };
}

const good: ReadonlyArray<readonly [string, () => ClientCertificateProof]> = [
  ["PEM in the credentials file", () => proof({ pem: read("key.pem") + read("leaf.crt") })],
  [
    "PEM whose line ends stayed two characters",
    () => proof({ pem: (read("key.pem") + read("leaf.crt")).replaceAll("\n", "\\n") }),
  ],
  ["PEM with an encrypted key", () => proof({ pem: read("leaf.crt") + read("pkcs8.key") }, "hunter2")],
  [
    "PEM with a traditionally encrypted key",
    () => proof({ pem: read("leaf.crt") + read("traditional.key") }, "hunter2"),
  ],
  ["a password that nothing needs", () => proof({ pem: read("key.pem") + read("leaf.crt") }, "hunter2")],
  ["a PKCS#12 file", () => proof({ path: "modern.pfx" }, "hunter2")],
  ["a PKCS#12 file of older tools", () => proof({ path: "legacy.pfx" }, "hunter2")],
  ["a PKCS#12 file with an empty password", () => proof({ path: "empty.pfx" })],
];
for (const [name, given] of good) {
  test(`${name} signs the sign-in as Microsoft Entra documents it`, async () => {
    const { header, claims, signed, signature } = await assertionOf(given());
    const thumbprint = createHash("sha256").update(leaf.raw).digest("base64url");
    assert.deepEqual(header, { alg: "PS256", typ: "JWT", "x5t#S256": thumbprint });
    assert.equal(claims["aud"], `https://login.example/${TENANT}/oauth2/v2.0/token`);
    assert.deepEqual([claims["iss"], claims["sub"]], [CLIENT, CLIENT]);
    assert.equal(claims["exp"], Number(claims["nbf"]) + 600);
    assert.ok(
      verify(
        "sha256",
        signed,
        { key: leaf.publicKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 },
        signature,
      ),
    );
  });
}

for (const [name, given] of [
  [
    "PEM",
    () => proof({ pem: read("ca.crt") + read("leaf.crt") + read("key.pem") }, undefined, { sendChain: true }),
  ],
  ["PKCS#12", () => proof({ path: "modern.pfx" }, "hunter2", { sendChain: true })],
] as const) {
  test(`the chain of ${name} is sent when it shall be, the key's own certificate first`, async () => {
    const { header } = await assertionOf(given());
    assert.deepEqual(
      header["x5c"],
      [leaf, authority].map(({ raw }) => raw.toString("base64")),
    );
  });
}

test("AD FS gets the older signature that it knows", async () => {
  const { header, claims, signed, signature } = await assertionOf(
    proof({ pem: read("key.pem") + read("leaf.crt") }),
    "https://adfs.example/adfs",
  );
  const thumbprint = createHash("sha1").update(leaf.raw).digest("base64url");
  assert.deepEqual(header, { alg: "RS256", typ: "JWT", x5t: thumbprint });
  assert.equal(claims["aud"], "https://adfs.example/adfs/oauth2/token");
  assert.ok(verify("sha256", signed, leaf.publicKey, signature));
});

test("a certificate's file is read again for each request", async () => {
  writeFileSync(at("rotating.pem"), read("key.pem") + read("leaf.crt"), { mode: 0o600 });
  const { answer, source, provider, clock } = ask(proof({ path: "rotating.pem" }));
  await answer;
  openssl(
    ..."req -x509 -newkey rsa:2048 -nodes -keyout new.key -out new.crt -days 3650 -subj /CN=new".split(" "),
  );
  writeFileSync(at("rotating.pem"), read("new.key") + read("new.crt"), { mode: 0o600 });
  clock.time += 3600_000;
  await source.token(STORAGE, never);
  assert.notEqual(
    ...([0, 1].map((index) => provider.form(index)["client_assertion"]?.split(".")[0]) as [string, string]),
  );
});

const bad: ReadonlyArray<readonly [string, () => ClientCertificateProof, RegExp]> = [
  ["a key without a certificate", () => proof({ pem: read("key.pem") }), /holds no certificate/],
  ["a certificate without a key", () => proof({ pem: read("leaf.crt") }), /holds no private key/],
  [
    "another key's certificate",
    () => proof({ pem: read("key.pem") + read("ca.crt") }),
    /no certificate of its private key/,
  ],
  ["an EC key", () => proof({ pem: read("ec.key") + read("ec.crt") }), /key of type EC.*RSA alone/],
  ["an EC key in PKCS#12", () => proof({ path: "ec.pfx" }, "hunter2"), /key of type EC.*RSA alone/],
  [
    "an encrypted key without a password",
    () => proof({ pem: read("leaf.crt") + read("pkcs8.key") }),
    /encrypted.*AZURE_CLIENT_CERTIFICATE_PASSWORD/,
  ],
  [
    "a traditionally encrypted key without a password",
    () => proof({ pem: read("leaf.crt") + read("traditional.key") }),
    /encrypted.*AZURE_CLIENT_CERTIFICATE_PASSWORD/,
  ],
  [
    "a wrong password",
    () => proof({ pem: read("leaf.crt") + read("pkcs8.key") }, "hunter22"),
    /cannot be decrypted.*AZURE_CLIENT_CERTIFICATE_PASSWORD/,
  ],
  [
    "a wrong password of PKCS#12",
    () => proof({ path: "modern.pfx" }, "hunter22"),
    /cannot be decrypted.*AZURE_CLIENT_CERTIFICATE_PASSWORD/,
  ],
  [
    "PKCS#12 without its password",
    () => proof({ path: "modern.pfx" }),
    /cannot be decrypted.*AZURE_CLIENT_CERTIFICATE_PASSWORD/,
  ],
  ["a file that is neither", () => proof({ path: "leaf.csr" }), /holds no private key/],
  ["no file", () => proof({ path: "none.pem" }), /none\.pem" is not there/],
  [
    "rubbish in PEM's clothes",
    () => proof({ pem: "-----BEGIN PRIVATE KEY-----\nhunter2\n-----END PRIVATE KEY-----" }),
    /cannot be read/,
  ],
];
for (const [name, given, words] of bad) {
  test(`${name} is refused in words, before any request`, async () => {
    const { answer, provider } = ask(given());
    const failure = await failureOf(answer);
    assert.equal(failure.code, "InvalidArgument");
    assert.match(describeFailure(failure), words);
    assert.match(failure.message, /AZURE_CLIENT_CERTIFICATE/);
    assert.equal(provider.requests.length, 0);
  });
}

test("what is neither PEM nor PKCS#12 is refused as that", async () => {
  writeFileSync(at("noise.pfx"), "hunter2");
  assert.match(
    (await failureOf(ask(proof({ path: "noise.pfx" })).answer)).message,
    /neither PEM nor PKCS#12/,
  );
});

const times: ReadonlyArray<readonly [string, number, ErrorCode, RegExp]> = [
  ["has expired", Date.UTC(2099, 0, 1), "Unauthenticated", /expired at .*new certificate/],
  ["is not valid yet", Date.UTC(2000, 0, 1), "Unauthenticated", /is not valid before .*clock/],
];
for (const [name, time, code, words] of times) {
  test(`a certificate that ${name} is told before any request`, async () => {
    const { answer, provider } = ask(proof({ pem: read("key.pem") + read("leaf.crt") }), undefined, time);
    const failure = await failureOf(answer);
    assert.equal(failure.code, code);
    assert.match(describeFailure(failure), words);
    assert.equal(provider.requests.length, 0);
  });
}
