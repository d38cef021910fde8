import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { test } from "node:test";
import { type ErrorCode, Failure } from "../../errors/error.ts";
import { silentLogger } from "../../log/logger.ts";
import { Secret } from "../../secret/secret.ts";
import type { BlobClient } from "./blob-client.ts";
import {
  type HttpRequest,
  type HttpTransport,
  TransportError,
  type TransportTrouble,
} from "../http/transport.ts";
import { type BlobClientSettings, openBlobClient } from "../open.ts";

const now = Date.UTC(2026, 10, 22, 12, 0, 0);
const { signal } = new AbortController();
const signature = "hunter2%2Fsignature%3D";

interface Reply {
  readonly status: number;
  readonly code?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
}

type Step = Reply | TransportTrouble;

function play(steps: Step[], requests: HttpRequest[] = []): HttpTransport {
  return {
    send: async (request) => {
      requests.push(request);
      const step = steps.shift();
      assert.ok(step !== undefined, "more requests than expected");
      if (typeof step === "string") {
        throw new TransportError(step, "acc.blob.core.windows.net", `it was ${step}`);
      }
      const code: Record<string, string> = step.code === undefined ? {} : { "x-ms-error-code": step.code };
      const headers = {
        date: new Date(now).toUTCString(),
        "x-ms-request-id": "id-1",
        ...code,
        ...step.headers,
      };
      return { status: step.status, headers, body: Readable.from([Buffer.from(step.body ?? "")]) };
    },
    close: () => {},
  };
}

const accountKey: BlobClientSettings["credential"] = {
  kind: "account key",
  account: "acc",
  key: new Secret("YQ=="),
};

function sas(fields: string): BlobClientSettings["credential"] {
  return { kind: "SAS token", token: new Secret(`${fields}&sig=${signature}`) };
}

function open(transport: HttpTransport, credential = accountKey): BlobClient {
  return openBlobClient(
    { account: "acc", credential, environment: {}, userAgent: "velero-azure/test", logger: silentLogger },
    { transport, clock: { now: () => now, random: () => 0, sleep: async () => {} } },
  );
}

async function failureOf(promise: Promise<unknown>): Promise<Failure> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof Failure, String(error));
  return error;
}

interface Expectation {
  readonly code: ErrorCode;
  readonly message: RegExp;
  readonly hint?: RegExp;
  readonly retryable?: boolean;
}

const dated = (minutes: number): Record<string, string> => ({
  date: new Date(now - minutes * 60_000).toUTCString(),
});
const detail = (text: string): string =>
  `<?xml version="1.0"?><Error><Code>AuthenticationFailed</Code><Message>Server failed to authenticate.\nRequestId:1\nTime:2</Message><AuthenticationErrorDetail>${text}</AuthenticationErrorDetail></Error>`;
const expired = sas("sv=2022-11-02&sr=c&sp=racwdl&se=2026-11-22T11:00:00Z");
const valid = sas("sv=2022-11-02&sr=c&sp=rl&se=2027-11-22T11:00:00Z");

const answers: ReadonlyArray<readonly [string, Reply, BlobClientSettings["credential"], Expectation]> = [
  [
    "an absent blob",
    { status: 404, code: "BlobNotFound" },
    accountKey,
    { code: "NotFound", message: /no such blob/ },
  ],
  [
    "an absent container",
    { status: 404, code: "ContainerNotFound" },
    accountKey,
    { code: "NotFound", message: /does not exist/, hint: /create container "con" in storage account "acc"/ },
  ],
  [
    "404 of something that is no blob service",
    { status: 404, body: "<html>not here</html>" },
    accountKey,
    { code: "FailedPrecondition", message: /HTTP 404/, hint: /check the endpoint/ },
  ],
  [
    "another 404 of the service",
    { status: 404, code: "ResourceNotFound" },
    accountKey,
    { code: "FailedPrecondition", message: /ResourceNotFound/ },
  ],
  [
    "a wrong key",
    { status: 403, code: "AuthenticationFailed", body: detail(`The MAC signature 'abc=' is not the same`) },
    accountKey,
    { code: "Unauthenticated", message: /account key was refused/, hint: /"acc"/ },
  ],
  [
    "a clock that is behind",
    { status: 403, code: "AuthenticationFailed", headers: dated(-20) },
    accountKey,
    { code: "Unauthenticated", message: /clock is 20 minutes behind/, hint: /NTP/ },
  ],
  [
    "an expired token",
    { status: 403, code: "AuthenticationFailed" },
    expired,
    { code: "Unauthenticated", message: /expired at 2026-11-22T11:00:00/, hint: /new SAS token/ },
  ],
  [
    "an expired token, by another code",
    { status: 403, code: "AuthorizationFailure" },
    expired,
    { code: "Unauthenticated", message: /expired at/ },
  ],
  [
    "a token that is not valid yet",
    {
      status: 403,
      code: "AuthenticationFailed",
      body: detail("Signature not valid in the specified time frame: Start"),
    },
    valid,
    { code: "Unauthenticated", message: /not valid at this time/ },
  ],
  [
    "a token of another account",
    { status: 403, code: "AuthenticationFailed", body: detail(`Signature did not match ${signature}`) },
    valid,
    { code: "Unauthenticated", message: /token was refused/, hint: /"acc"/ },
  ],
  [
    "a token without the permission",
    { status: 403, code: "AuthorizationPermissionMismatch" },
    valid,
    { code: "PermissionDenied", message: /does not allow/, hint: /this one has "rl"/ },
  ],
  [
    "a closed network",
    { status: 403, code: "AuthorizationFailure" },
    accountKey,
    { code: "PermissionDenied", message: /does not let/, hint: /network rules/ },
  ],
  [
    "an account without key sign-in",
    { status: 403, code: "KeyBasedAuthenticationNotPermitted" },
    accountKey,
    { code: "PermissionDenied", message: /does not permit sign-in with its key/, hint: /useAAD/ },
  ],
  [
    "a proxy's 403",
    { status: 403, body: "<html>blocked</html>" },
    accountKey,
    { code: "PermissionDenied", message: /HTTP 403/, hint: /check the endpoint/ },
  ],
  [
    "a redirect",
    { status: 302, headers: { location: "https://portal.example/login?secret=1" } },
    accountKey,
    { code: "FailedPrecondition", message: /sends elsewhere \("https:\/\/portal\.example"\)/ },
  ],
  [
    "a bad container name",
    {
      status: 400,
      code: "InvalidResourceName",
      body: "<Error><Message>The specified resource name contains invalid characters.</Message></Error>",
    },
    accountKey,
    {
      code: "InvalidArgument",
      message: /says: The specified resource name contains invalid characters \(/,
      hint: /"con"/,
    },
  ],
  [
    "a range behind the end",
    { status: 416, code: "InvalidRange" },
    accountKey,
    { code: "OutOfRange", message: /end/ },
  ],
  [
    "a changed blob",
    { status: 412, code: "ConditionNotMet" },
    accountKey,
    { code: "Aborted", message: /changed/ },
  ],
  [
    "an immutable blob",
    { status: 409, code: "BlobImmutableDueToPolicy" },
    accountKey,
    { code: "FailedPrecondition", message: /immutability/ },
  ],
  [
    "an error nobody knows",
    {
      status: 418,
      code: "Teapot",
      body: "<Error><Code>Teapot</Code><Message>Short &amp; stout.</Message></Error>",
    },
    accountKey,
    { code: "Unknown", message: /says: Short & stout \(Teapot, request ID id-1\)/ },
  ],
];

for (const [what, reply, credential, expected] of answers) {
  test(`${what} is told as ${expected.code}, in words that help and hold no secret`, async () => {
    const failure = await failureOf(open(play([reply]), credential).getBlob("con", "a key", { signal }));
    assert.equal(failure.code, expected.code);
    assert.match(failure.message, /^cannot get "a key" in container "con" of account "acc": /);
    assert.match(failure.message, expected.message);
    assert.match(failure.hint ?? "", expected.hint ?? /^/);
    assert.equal(failure.retryable, false);
    assert.ok(!/hunter2|abc=|secret=/.test(`${failure.message} ${failure.hint}`));
  });
}

const lasting: ReadonlyArray<readonly [string, Step, number, ErrorCode]> = [
  ["a busy service", { status: 503, code: "ServerBusy" }, 7, "Unavailable"],
  ["too many requests", { status: 429 }, 7, "Unavailable"],
  ["a body that always arrives damaged", { status: 400, code: "Crc64Mismatch" }, 7, "DataLoss"],
  ["connections that always break", "broken", 7, "Unavailable"],
  ["an endpoint that refuses connections", "connect", 3, "Unavailable"],
  ["an endpoint that never finishes", "deadline", 3, "DeadlineExceeded"],
];

for (const [what, step, attempts, code] of lasting) {
  test(`${what} is ${code} after ${attempts} attempts, and worth another call`, async () => {
    const steps = Array.from({ length: attempts }, () => step);
    const failure = await failureOf(open(play(steps)).putBlob("con", "k", Buffer.from("x"), { signal }));
    assert.deepEqual([failure.code, failure.retryable], [code, true]);
    assert.deepEqual(steps, []);
  });
}

const final: ReadonlyArray<readonly [TransportTrouble, ErrorCode, RegExp]> = [
  ["resolve", "Unavailable", /"acc\.blob\.core\.windows\.net" can be resolved/],
  ["certificate", "FailedPrecondition", /caCert/],
  ["tls", "FailedPrecondition", /https/],
  ["proxy", "FailedPrecondition", /NO_PROXY/],
  ["invalid", "InvalidArgument", /^/],
];

for (const [trouble, code, hint] of final) {
  test(`trouble of the kind "${trouble}" is ${code} at once`, async () => {
    const failure = await failureOf(open(play([trouble])).headBlob("con", "k", { signal }));
    assert.deepEqual([failure.code, failure.retryable], [code, false]);
    assert.match(failure.hint ?? "", hint);
  });
}

test("a deletion whose answer was lost, and that then finds nothing, has succeeded", async () => {
  const transport = play(["broken", { status: 404, code: "BlobNotFound" }]);
  const bodies: Readable[] = [];
  const send: HttpTransport["send"] = async (request) => {
    const response = await transport.send(request, signal);
    bodies.push(response.body);
    return response;
  };
  await open({ ...transport, send }).deleteBlob("con", "k", { signal });
  assert.deepEqual(
    bodies.map((body) => body.readableEnded),
    [true],
  );
});

const absent: ReadonlyArray<readonly [string, Step[]]> = [
  ["that finds nothing at once", [{ status: 404, code: "BlobNotFound" }]],
  ["that finds nothing after the service was busy", [{ status: 503 }, { status: 404, code: "BlobNotFound" }]],
  [
    "whose answer was lost, and that finds no container",
    ["broken", { status: 404, code: "ContainerNotFound" }],
  ],
];

for (const [what, steps] of absent) {
  test(`a deletion ${what} is NotFound`, async () => {
    assert.equal((await failureOf(open(play(steps)).deleteBlob("con", "k", { signal }))).code, "NotFound");
  });
}

test("requests carry version, agent and what they are for", async () => {
  const requests: HttpRequest[] = [];
  const client = open(
    play([{ status: 201, headers: { etag: "e" } }, { status: 201 }, { status: 201 }], requests),
  );
  const checksum = { kind: "crc64", base64: "AAAAAAAAAAA=" } as const;
  await client.putBlob("con", "k", Buffer.from("x"), { signal, checksum, metadata: { Sum: "1" } });
  await client.putBlock("con", "k", "id-1", Buffer.from("x"), {
    signal,
    checksum: { kind: "md5", base64: "m" },
  });
  await client.putBlockList("con", "k", ["id-1", "id-2"], { signal, metadata: { sum: "2" } });
  const [put, block, list] = requests.map(({ headers }) => headers);
  assert.equal(put?.["x-ms-version"], "2023-11-03");
  assert.equal(put?.["user-agent"], "velero-azure/test");
  assert.equal(put?.["x-ms-content-crc64"], "AAAAAAAAAAA=");
  assert.equal(put?.["x-ms-meta-sum"], "1");
  assert.equal(block?.["content-md5"], "m");
  assert.equal(requests[1]?.query, `comp=block&blockid=${encodeURIComponent(btoa("id-1"))}`);
  assert.equal(list?.["x-ms-meta-sum"], "2");
  assert.match(
    Buffer.from(requests[2]?.body ?? []).toString(),
    /<BlockList><Latest>aWQtMQ==<\/Latest><Latest>aWQtMg==<\/Latest><\/BlockList>$/,
  );
});

test("a listing whose answer is no listing is DataLoss that names the container", async () => {
  const failure = await failureOf(
    open(play([{ status: 200, body: "<html></html>" }])).listPage("con", { signal, prefix: "" }),
  );
  assert.equal(failure.code, "DataLoss");
  assert.match(failure.message, /cannot list container "con" of account "acc"/);
});

const misfits: ReadonlyArray<readonly [string, Reply]> = [
  ["the whole blob", { status: 200, headers: { "content-length": "9" } }],
  ["another range", { status: 206, headers: { "content-length": "5", "content-range": "bytes 0-4/9" } }],
  ["no length", { status: 206, headers: { "content-range": "bytes 4-8/9" } }],
];

for (const [what, reply] of misfits) {
  test(`an answer with ${what} where a range was asked for is an error`, async () => {
    const options = { signal, range: { offset: 4, length: 5 } };
    const failure = await failureOf(open(play([reply])).getBlob("con", "k", options));
    assert.equal(failure.code, "DataLoss");
  });
}

test("trouble with a body is told as the call itself would tell it", () => {
  const client = open(play([]));
  const broke = client.bodyFailure("con", "k", Object.assign(new Error("aborted"), { code: "ECONNRESET" }));
  assert.deepEqual([broke.code, broke.retryable], ["Unavailable", true]);
  assert.match(broke.message, /^cannot get "k" in container "con" of account "acc": the connection/);
  const gone = client.bodyFailure("con", "k", new Error("any"), AbortSignal.abort());
  assert.equal(gone.code, "Canceled");
});

test("a SAS token over plain http is refused when the client is made, unless the host is this one or it is allowed", () => {
  const make = (storageAccountUri: string, allowInsecureEndpoint = false): BlobClient =>
    openBlobClient({
      account: "acc",
      credential: valid,
      storageAccountUri,
      allowInsecureEndpoint,
      environment: {},
      userAgent: "t",
      logger: silentLogger,
    });
  assert.throws(() => make("http://acc.example"), { code: "InvalidArgument" });
  make("http://acc.example", true).close();
  make("http://127.0.0.1:10000/acc").close();
});
