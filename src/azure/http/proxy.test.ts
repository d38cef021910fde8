import assert from "node:assert/strict";
import { test } from "node:test";
import { failureCode } from "../../errors/error.ts";
import { findProxy } from "./proxy.ts";

const proxy = "http://proxy.example:3128";
const blob = "https://acc.blob.core.windows.net";

// Expectations made with golang.org/x/net/http/httpproxy's own tests in mind (proxy_test.go, UseProxyTests).
const cases: ReadonlyArray<readonly [string, string, string, boolean]> = [
  ["no exception", blob, "", true],
  ["a star", blob, "*", false],
  ["the very host", blob, "acc.blob.core.windows.net", false],
  ["a parent domain without a dot", blob, "core.windows.net", false],
  ["a parent domain with a dot", blob, ".core.windows.net", false],
  ["a parent domain with a star", blob, "*.windows.net", false],
  ["another letter case and spaces", blob, "foo.com , Core.Windows.NET", false],
  ["the end of a name that is no domain", blob, "indows.net", true],
  ["only subdomains", "https://windows.net", ".windows.net", true],
  ["the right port", blob, "windows.net:443", false],
  ["another port", blob, "windows.net:8443", true],
  ["a network", "https://10.1.2.3:10000", "10.0.0.0/8", false],
  ["another network", "https://11.1.2.3", "10.0.0.0/8", true],
  ["an address", "https://10.1.2.3", "10.1.2.3", false],
  ["an address of the sixth version", "https://[fd00::1]:1", "fd00::/8", false],
  ["a bracketed address with a port", "https://[fd00::1]:1", "[fd00::1]:1", false],
  ["localhost", "https://localhost:10000", "", false],
  ["a loopback address", "https://127.3.2.1", "", false],
  ["the loopback address of the sixth version", "https://[::1]:7", "", false],
];

for (const [what, origin, noProxy, expected] of cases) {
  test(`${what} in NO_PROXY ${expected ? "leaves the proxy in place" : "means no proxy"}: ${origin}`, () => {
    const found = findProxy(origin, { HTTPS_PROXY: proxy, NO_PROXY: noProxy });
    assert.equal(found?.host, expected ? "proxy.example:3128" : undefined);
  });
}

test("plain http takes HTTP_PROXY and https HTTPS_PROXY, in either case", () => {
  assert.equal(findProxy("http://a.example", { HTTPS_PROXY: proxy }), undefined);
  assert.equal(findProxy(blob, { HTTP_PROXY: proxy }), undefined);
  assert.equal(findProxy(blob, { https_proxy: proxy })?.port, "3128");
  assert.equal(findProxy("http://a.example", { http_proxy: "proxy:8080" })?.host, "proxy:8080");
});

for (const text of ["socks5://user:hunter2@proxy", "http://user:hunter2%@proxy", "http://hunter2:99999"]) {
  test(`the proxy ${text} is refused without being shown`, () => {
    assert.throws(
      () => findProxy(blob, { HTTPS_PROXY: text }),
      (error: unknown) => failureCode(error) === "InvalidArgument" && !String(error).includes("hunter2"),
    );
  });
}
