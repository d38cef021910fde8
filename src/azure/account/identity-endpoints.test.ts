import assert from "node:assert/strict";
import { test } from "node:test";
import type { CloudChoice } from "../../credentials/cloud.ts";
import type { Route } from "../http/routed-transport.fixture.ts";
import { BLOB, deleted, keys, LOGIN, login, setUp, use } from "./identity-sites.fixture.ts";

const zone = "acc.z11.blob.storage.azure.net";
const nowhere: Route = () => ({ trouble: "resolve" });
const properties = (blob: string): Route => {
  return () => ({ status: 200, body: { properties: { primaryEndpoints: { blob } } } });
};

test("an account in a zone of its own is looked up once, when its derived host has no address", async () => {
  const { transport, blobs } = setUp({
    useAAD: true,
    routes: {
      "acc.blob.core.windows.net": nowhere,
      "GET management.azure.com": properties(`https://${zone}/`),
      [zone]: () => deleted,
    },
  });
  await use(blobs);
  await use(blobs);
  const there = `DELETE ${zone}/k`;
  assert.deepEqual(transport.asked, [
    LOGIN,
    BLOB,
    LOGIN,
    "GET management.azure.com/acc?api-version=2023-01-01",
    there,
    there,
  ]);
});

const stack: CloudChoice = {
  name: "AzureStackCloud",
  from: "a test",
  where: { kind: "asked", resourceManager: "https://arm.example" },
  authority: undefined,
};
const METADATA = "GET arm.example/endpoints?api-version=2022-09-01";
const ACCOUNT = "GET arm.example/acc?api-version=2023-01-01";

for (const [useAAD, meanwhile] of [
  [true, [LOGIN, LOGIN]],
  [false, [LOGIN, "POST arm.example/listKeys?$expand=kerb"]],
] as const) {
  test(`where the cloud does not tell its storage, the endpoint is looked up while signing in (useAAD ${useAAD})`, async () => {
    const begun = Promise.withResolvers<undefined>();
    const { transport, blobs } = setUp({
      useAAD,
      cloud: stack,
      routes: {
        "GET arm.example": async ({ path }) => {
          if (path.endsWith("/endpoints")) {
            const authentication = { loginEndpoint: "https://login.microsoftonline.com/", audiences: ["a"] };
            return { status: 200, body: { authentication } };
          }
          // Not before the other side is on its way: one after the other this would wait for ever.
          await begun.promise;
          return {
            status: 200,
            body: { properties: { primaryEndpoints: { blob: "https://acc.blob.x.example/" } } },
          };
        },
        "POST arm.example": (request, count) => {
          begun.resolve(undefined);
          return keys("a2V5")(request, count);
        },
        "login.microsoftonline.com": (request, count) => {
          if (useAAD && count === 1) begun.resolve(undefined);
          return login(request, count);
        },
        "acc.blob.x.example": () => deleted,
      },
    });
    await use(blobs);
    await use(blobs);
    const blob = "DELETE acc.blob.x.example/k";
    const [first, ...rest] = transport.asked;
    assert.equal(first, METADATA);
    assert.deepEqual(rest.slice(0, 3).toSorted(), [ACCOUNT, ...meanwhile].toSorted());
    assert.deepEqual(rest.slice(3), [blob, blob]);
  });
}

test("where nothing tells the endpoint, that is an error with the ways out", async () => {
  const authentication = { loginEndpoint: "https://login.microsoftonline.com/" };
  const { blobs } = setUp({
    useAAD: true,
    cloud: stack,
    place: {},
    routes: { "GET arm.example": () => ({ status: 200, body: { authentication } }) },
  });
  await assert.rejects(use(blobs), { code: "InvalidArgument", hint: /storageAccountURI/ });
});

const hopeless: ReadonlyArray<readonly [string, Parameters<typeof setUp>[0], number]> = [
  [
    "Azure tells the same one",
    { routes: { "GET management.azure.com": properties("https://acc.blob.core.windows.net/") } },
    1,
  ],
  [
    "the identity may not look",
    { routes: { "GET management.azure.com": () => ({ status: 403, body: "{}" }) } },
    1,
  ],
  ["the group is not known", { place: {} }, 0],
  ["the config names the endpoint", { storageAccountUri: "https://acc.blob.core.windows.net" }, 0],
];

for (const [what, { routes, ...settings }, lookups] of hopeless) {
  test(`a host without address is told as that where ${what}`, async () => {
    const { transport, blobs } = setUp({
      useAAD: true,
      ...settings,
      routes: { ...routes, "acc.blob.core.windows.net": nowhere },
    });
    for (let count = 0; count < 2; count++) {
      await assert.rejects(use(blobs), { code: "Unavailable", hint: /private DNS zone/ });
    }
    assert.equal(transport.asked.filter((asked) => asked.startsWith("GET management")).length, lookups);
  });
}

test("an endpoint outside the cloud works, gets the token, and is warned of once", async () => {
  const { transport, blobs, warnings } = setUp({
    useAAD: true,
    storageAccountUri: "https://blobs.example.com",
    routes: { "blobs.example.com": () => deleted },
  });
  await use(blobs);
  await use(blobs);
  assert.deepEqual(transport.asked, [LOGIN, "DELETE blobs.example.com/k", "DELETE blobs.example.com/k"]);
  assert.equal(warnings.length, 1);
  assert.match(warnings[0] ?? "", /core\.windows\.net/);
});

for (const uri of [
  "https://acc.privatelink.blob.core.windows.net",
  `https://${zone}`,
  "http://127.0.0.1:1",
]) {
  test(`${uri} is not warned of`, () => {
    assert.deepEqual(setUp({ useAAD: true, storageAccountUri: uri }).warnings, []);
  });
}

test("a token does not go over plain http", () => {
  assert.throws(() => setUp({ useAAD: true, storageAccountUri: "http://blobs.example.com" }), {
    code: "InvalidArgument",
  });
});
