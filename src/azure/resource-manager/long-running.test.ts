import assert from "node:assert/strict";
import { test } from "node:test";
import { Failure } from "../../errors/error.ts";
import { withDeadline } from "../http/deadline.ts";
import type { Reply } from "../http/routed-transport.fixture.ts";
import { createDisk, deleteDisk, type NewDisk, UNKNOWN_TRAITS } from "./disk.ts";
import { HOST, inTurn, openManager } from "./resource-manager.fixture.ts";
import { createSnapshot, deleteSnapshot, type NewSnapshot } from "./snapshot.ts";

const { signal } = new AbortController();
const id = { subscriptionId: "s-1", resourceGroup: "nodes", name: "n1" };
const snapshot: NewSnapshot = {
  location: "westeurope",
  tags: {},
  createOption: "Copy",
  closed: false,
  sourceResourceId: "/subscriptions/s-1/resourceGroups/nodes/providers/Microsoft.Compute/disks/d1",
  incremental: true,
  sku: undefined,
  diskEncryptionSetId: undefined,
};

const operations = `https://${HOST}/subscriptions/s-1/providers/Microsoft.Compute/locations/l/DiskOperations/o`;
const operation = `${operations}?p=1&api-version=2023-04-02&t=%2B%3D`;
const monitor = `${operation}&monitor=true`;
const accepted: Reply = {
  status: 202,
  headers: { "azure-asyncoperation": operation, location: monitor },
  body: { properties: { provisioningState: "Updating" } },
};
const running: Reply = { status: 200, body: { status: "InProgress" } };
const succeeded: Reply = { status: 200, body: { status: "Succeeded", properties: { output: {} } } };
const at = (provisioningState: string): Reply => ({
  status: 200,
  body: { properties: { provisioningState } },
});
const absent: Reply = { status: 404, body: { error: { code: "ResourceNotFound", message: "Not found." } } };

/** What was asked, by its last part. */
const begun = `PUT ${HOST}/n1?api-version=2023-04-02`;
const look = `GET ${HOST}/n1?api-version=2023-04-02`;
const poll = `GET ${HOST}/o?p=1`;

test("an operation is looked after at its own address, and nothing else is asked", async () => {
  const { manager, transport, sleeps } = openManager(inTurn(accepted, running, succeeded));
  await createSnapshot(manager, id, snapshot, signal);
  assert.deepEqual(transport.asked, [begun, poll, poll]);
  assert.equal(transport.requests[1]?.query, "p=1&api-version=2023-04-02&t=%2B%3D");
  assert.equal(transport.requests[1]?.headers["authorization"], "Bearer t");
  assert.deepEqual(sleeps, [250, 500]);
});

test("without a word from Azure the waits grow to five seconds", async () => {
  const { manager, sleeps } = openManager(({ method }, count) =>
    method === "PUT" ? accepted : count < 6 ? running : succeeded,
  );
  await createSnapshot(manager, id, snapshot, signal);
  assert.deepEqual(sleeps, [250, 500, 1000, 2000, 4000, 5000, 5000]);
});

test("Azure's Retry-After is kept, whether longer or shorter", async () => {
  const told = (seconds: string, reply: Reply): Reply =>
    "trouble" in reply ? reply : { ...reply, headers: { ...reply.headers, "retry-after": seconds } };
  const { manager, sleeps } = openManager(inTurn(told("30", accepted), told("0", running), succeeded));
  await createSnapshot(manager, id, snapshot, signal);
  assert.deepEqual(sleeps, [30_000, 0]);
});

test("without Azure-AsyncOperation, Location is asked until it no longer answers 202", async () => {
  const other = monitor.replace("DiskOperations/o", "DiskOperations/o2");
  const { manager, transport } = openManager(
    inTurn(
      { status: 202, headers: { location: monitor } },
      { status: 202, headers: { location: other } },
      { status: 204 },
    ),
  );
  await deleteSnapshot(manager, id, signal);
  assert.deepEqual(transport.asked, [`DELETE ${HOST}/n1?api-version=2023-04-02`, poll, `GET ${HOST}/o2?p=1`]);
});

test("without either, the resource itself is asked", async () => {
  const { manager, transport } = openManager(
    inTurn(
      { status: 201, body: { properties: { provisioningState: "Creating" } } },
      at("Creating"),
      at("Succeeded"),
    ),
  );
  await createSnapshot(manager, id, snapshot, signal);
  assert.deepEqual(transport.asked, [begun, look, look]);
});

test("an answer that is the end needs no look", async () => {
  for (const reply of [at("Succeeded"), { status: 200, body: {} }, { status: 204 }]) {
    const { manager, transport } = openManager(reply);
    await createSnapshot(manager, id, snapshot, signal);
    assert.deepEqual(transport.asked, [begun]);
  }
});

for (const address of ["https://evil.example/o", `http://${HOST}/o`, "not an address"]) {
  test(`no token goes to ${address}: the resource itself is asked`, async () => {
    const { manager, transport } = openManager(
      inTurn(
        { status: 202, headers: { "azure-asyncoperation": address, location: address } },
        at("Updating"),
        at("Succeeded"),
      ),
    );
    await createSnapshot(manager, id, snapshot, signal);
    assert.deepEqual(transport.asked, [begun, look, look]);
  });
}

for (const status of [401, 403, 404, 410]) {
  test(`when the operation's address answers ${status}, the resource itself tells`, async () => {
    const { manager, transport } = openManager(
      inTurn(accepted, { status, body: { error: { code: "Gone", message: "" } } }, at("Succeeded")),
    );
    await createSnapshot(manager, id, snapshot, signal);
    assert.deepEqual(transport.asked, [begun, poll, look]);
  });
}

test("a deletion whose operation is forgotten is done when the resource is gone", async () => {
  const { manager, transport } = openManager(inTurn(accepted, { status: 404 }, at("Succeeded"), absent));
  await deleteDisk(manager, id, signal);
  assert.equal(transport.requests.length, 4);
});

test("a resource that is deleted while it is made is Aborted", async () => {
  const { manager } = openManager(inTurn(accepted, { status: 404 }, absent));
  await assert.rejects(createSnapshot(manager, id, snapshot, signal), { code: "Aborted", retryable: true });
});

test("a failed operation is told with its code and its words", async () => {
  const error = { code: "SkuNotAvailable", message: "The requested size is not available." };
  const { manager } = openManager(inTurn(accepted, { status: 200, body: { status: "Failed", error } }));
  await assert.rejects(createSnapshot(manager, id, snapshot, signal), (failure) => {
    assert.ok(failure instanceof Failure);
    assert.deepEqual([failure.code, failure.serviceCode], ["FailedPrecondition", "SkuNotAvailable"]);
    assert.match(failure.message, /^cannot snapshot disk "d1" as "n1": .*requested size is not available/);
    assert.match(failure.hint ?? "", /restoreSkuMap/);
    return true;
  });
});

for (const [state, code] of [
  ["Failed", "FailedPrecondition"],
  ["Canceled", "Aborted"],
] as const) {
  test(`a resource whose state becomes ${state} is ${code}`, async () => {
    const { manager } = openManager(inTurn({ status: 202 }, at(state)));
    await assert.rejects(createSnapshot(manager, id, snapshot, signal), { code });
  });
}

test("a failure within Azure is told, not looked at again", async () => {
  const error = { code: "InternalExecutionError", message: "It broke." };
  const { manager, transport } = openManager(
    inTurn(accepted, { status: 200, body: { status: "Failed", error } }),
  );
  await assert.rejects(createSnapshot(manager, id, snapshot, signal), {
    code: "Unavailable",
    retryable: true,
  });
  assert.equal(transport.requests.length, 2);
});

test("while nobody can look, what is under way goes on", async () => {
  const down: Reply = { status: 503 };
  const { manager, transport } = openManager(
    inTurn(accepted, down, down, down, down, down, running, succeeded),
  );
  await createSnapshot(manager, id, snapshot, signal);
  assert.equal(transport.requests.length, 8);
});

test("a creation whose answer was lost is repeated with the same name and body", async () => {
  const { manager, transport } = openManager(inTurn({ trouble: "broken" }, accepted, succeeded));
  await createSnapshot(manager, id, snapshot, signal);
  assert.deepEqual(transport.asked, [begun, begun, poll]);
  const [first, second] = transport.requests;
  assert.deepEqual(first?.body, second?.body);
});

for (const code of ["Conflict", "ConflictingUserInput", "AnotherOperationInProgress", "OperationPreempted"]) {
  test(`409 ${code} waits until what is under way is over, and goes on`, async () => {
    const busy: Reply = { status: 409, body: { error: { code, message: "Busy." } } };
    const { manager, transport } = openManager(
      inTurn(busy, at("Updating"), at("Succeeded"), accepted, succeeded),
    );
    await createSnapshot(manager, id, snapshot, signal);
    assert.deepEqual(transport.asked, [begun, look, look, begun, poll]);
  });
}

test("an operation that a later one ended is begun again", async () => {
  const error = { code: "OperationPreempted", message: "" };
  const { manager, transport } = openManager(
    inTurn(accepted, { status: 200, body: { status: "Failed", error } }, at("Succeeded"), at("Succeeded")),
  );
  await createSnapshot(manager, id, snapshot, signal);
  assert.deepEqual(transport.asked, [begun, poll, look, begun]);
});

test("what stays busy is told in the end", async () => {
  const { manager } = openManager(({ method }) =>
    method === "GET" ? at("Succeeded") : { status: 409, body: { error: { code: "Conflict", message: "" } } },
  );
  await assert.rejects(createSnapshot(manager, id, snapshot, signal), { code: "Aborted", retryable: true });
});

for (const code of ["ResourceNotFound", "NotFound", "ResourceGroupNotFound"]) {
  test(`a deletion that answers 404 ${code} is done`, async () => {
    const { manager } = openManager({ status: 404, body: { error: { code, message: "" } } });
    await deleteDisk(manager, id, signal);
  });
}

test("a deletion in a subscription that cannot be seen is no success", async () => {
  const { manager } = openManager({
    status: 404,
    body: { error: { code: "SubscriptionNotFound", message: "" } },
  });
  await assert.rejects(deleteDisk(manager, id, signal), { code: "FailedPrecondition" });
});

test("an operation that is canceled meanwhile is Canceled, and is not looked at any more", async () => {
  const caller = new AbortController();
  const { manager, transport } = openManager(({ method }, count) => {
    if (method === "GET" && count === 1) caller.abort();
    return method === "PUT" ? accepted : running;
  });
  await assert.rejects(createSnapshot(manager, id, snapshot, caller.signal), { code: "Canceled" });
  assert.equal(transport.requests.length, 3);
});

test("an operation that outlasts its deadline is DeadlineExceeded, in the deadline's words", async () => {
  const { manager, clock } = openManager(({ method }) => (method === "PUT" ? accepted : running));
  const what = 'cannot snapshot disk "d1"';
  const options = { signal, milliseconds: 20_000, clock, what, hint: "raise apiTimeout" };
  await assert.rejects(
    withDeadline(options, (bounded) => createSnapshot(manager, id, snapshot, bounded)),
    { code: "DeadlineExceeded", message: /^cannot snapshot disk "d1": .*20 s/, hint: "raise apiTimeout" },
  );
  assert.equal(clock.now(), 20_000);
});

test("a disk is made by one PUT and the looks at its operation", async () => {
  const disk: NewDisk = {
    ...UNKNOWN_TRAITS,
    ...{ sku: "Premium_LRS", location: "westeurope", tags: {}, snapshotId: "/s" },
  };
  const { manager, transport } = openManager(inTurn(accepted, succeeded));
  await createDisk(manager, id, disk, signal);
  assert.equal(transport.requests.length, 2);
  assert.equal(transport.requests[0]?.headers["content-type"], "application/json");
  assert.deepEqual(JSON.parse(Buffer.from(transport.requests[0]?.body ?? []).toString()), {
    location: "westeurope",
    tags: {},
    sku: { name: "Premium_LRS" },
    properties: { creationData: { createOption: "Copy", sourceResourceId: "/s" } },
  });
});
