import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { createServer, get } from "node:https";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { selfSigned } from "./certificate.ts";

test("the certificate is for the names it was made for, now, and signed by its own key", () => {
  const made = selfSigned(["localhost", "127.0.0.1"], Date.now());
  const read = new X509Certificate(made.certificate);
  assert.equal(read.subjectAltName, "DNS:localhost, IP Address:127.0.0.1");
  assert.equal(read.checkHost("localhost"), "localhost");
  assert.equal(read.checkIP("127.0.0.1"), "127.0.0.1");
  assert.equal(read.checkHost("example.com"), undefined);
  assert.ok(read.verify(read.publicKey));
  assert.ok(read.validFromDate.getTime() < Date.now() && Date.now() < read.validToDate.getTime());
});

test("a client that trusts the certificate, and only such a one, reaches a server that shows it", async () => {
  const { certificate, key } = selfSigned(["localhost", "127.0.0.1"], Date.now());
  const server = createServer({ cert: certificate, key }, (_, response) => response.end("here"));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  // listen() was given a port, so the address is not a pipe's name.
  const { port } = server.address() as AddressInfo;
  const ask = async (ca: string | undefined): Promise<number | undefined> => {
    const request = get({ host: "127.0.0.1", port, agent: false, ...(ca === undefined ? {} : { ca }) });
    const [response] = await once(request, "response");
    response.resume();
    return response.statusCode;
  };
  try {
    assert.equal(await ask(certificate), 200);
    await assert.rejects(ask(undefined), { code: "DEPTH_ZERO_SELF_SIGNED_CERT" });
  } finally {
    server.close();
  }
});
