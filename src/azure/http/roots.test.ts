import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { X509Certificate } from "node:crypto";
import { test } from "node:test";
import { rootCertificates } from "node:tls";
import { AZURE_ROOTS, trustedRoots } from "./roots.ts";

const pem = (name: string): string => `-----BEGIN CERTIFICATE-----\n${name}\n-----END CERTIFICATE-----`;
const builtIn = (): readonly string[] => [pem("built in")];

test("without anything set, the roots of Azure's own endpoints are tried first, and all of Node's after", () => {
  const roots = trustedRoots(undefined, {}, () => rootCertificates);
  const names = roots.first.map((root) => /^CN=(.*)$/m.exec(new X509Certificate(root).subject)?.[1]);
  assert.deepEqual(new Set(names), new Set(AZURE_ROOTS.values()));
  const all = new Set(roots.all());
  assert.ok(rootCertificates.every((root) => all.has(root)));
});

test("roots of which none is Azure's are all tried first", () => {
  assert.deepEqual(trustedRoots(undefined, {}, builtIn).first, builtIn());
});

test("the system's roots come with all, not first", () => {
  const roots = trustedRoots(undefined, {}, builtIn);
  assert.deepEqual(roots.first, [pem("built in")]);
  assert.ok(roots.all()?.includes(pem("built in")));
});

test("caCert is tried alone first, and is part of all", () => {
  const roots = trustedRoots(`comment\n${pem("own")}\n${pem("second")}\n`, {}, builtIn);
  assert.deepEqual(roots.first, [pem("own"), pem("second")]);
  const all = roots.all() ?? [];
  assert.ok(all.includes(pem("own")) && all.includes(pem("built in")));
});

test("SSL_CERT_FILE and SSL_CERT_DIR choose the roots instead of Node's own", async () => {
  const folder = await mkdtemp(join(tmpdir(), "roots-"));
  const file = join(folder, "file.pem");
  const directory = await mkdtemp(join(folder, "dir-"));
  await writeFile(file, pem("file") + "\n" + pem("both"));
  await writeFile(join(directory, "a.crt"), pem("both"));
  await writeFile(join(directory, "b.0"), pem("directory"));
  const environment = { SSL_CERT_FILE: file, SSL_CERT_DIR: `/nonexistent:${directory}` };
  const roots = trustedRoots(pem("own"), environment, builtIn);
  assert.deepEqual(roots.first, [pem("own"), pem("file"), pem("both"), pem("directory")]);
  assert.equal(roots.all(), undefined);
  await rm(folder, { recursive: true });
});

test("an SSL_CERT_DIR that holds nothing leaves Node's own roots", () => {
  const roots = trustedRoots(
    undefined,
    { SSL_CERT_FILE: "/nonexistent", SSL_CERT_DIR: "/nonexistent" },
    builtIn,
  );
  assert.deepEqual(roots.first, [pem("built in")]);
});
