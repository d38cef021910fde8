import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { test } from "node:test";
import { certificateAuthority } from "./certificates.ts";

const now = Date.now();
const authority = await certificateAuthority("Simulated Authority", now);

test("an authority vouches for itself and for a server's names, from yesterday on", async () => {
  const root = new X509Certificate(authority.certificate);
  const made = await authority.server(["localhost", "*.blob.localhost", "127.0.0.1"]);
  const server = new X509Certificate(made.certificate);
  assert.ok(root.ca && root.verify(root.publicKey));
  assert.ok(!server.ca && server.verify(root.publicKey) && server.checkIssued(root));
  assert.equal(server.checkHost("west.blob.localhost"), "*.blob.localhost");
  assert.equal(server.checkIP("127.0.0.1"), "127.0.0.1");
  assert.equal(server.checkHost("example.com"), undefined);
  assert.ok(server.validFromDate.getTime() < now && now < server.validToDate.getTime());
});

test("a client's certificate has the subject it was asked for and its own key", async () => {
  const first = await authority.client("velero.example");
  const second = await authority.client("velero.example");
  assert.equal(new X509Certificate(first.certificate).subject, "CN=velero.example");
  assert.notEqual(first.key, second.key);
});
