import assert from "node:assert/strict";
import { test } from "node:test";
import { Failure } from "../errors/error.ts";
import { Locations } from "./locations.ts";

class FakeDriver {
  closed = 0;
  readonly id: string;

  constructor(id: string) {
    this.id = id;
  }

  async close(): Promise<void> {
    this.closed += 1;
  }
}

function locations(): Locations<FakeDriver> {
  return new Locations("object store", ["velero.io/azure", "other"]);
}

function hasCode(code: string): (error: unknown) => boolean {
  return (error) => error instanceof Failure && error.code === code;
}

test("a request for a name that was never initialized fails, and so does one for an unknown name", async () => {
  const under = locations();
  await assert.rejects(
    under.use("velero.io/azure", async () => 1),
    hasCode("FailedPrecondition"),
  );
  await assert.rejects(
    under.use("velero.io/aws", async () => 1),
    hasCode("InvalidArgument"),
  );
  await assert.rejects(
    under.init("velero.io/aws", async () => new FakeDriver("x")),
    hasCode("InvalidArgument"),
  );
});

test("a second Init holds for later requests while those under way keep their driver, closed when they end", async () => {
  const under = locations();
  const first = new FakeDriver("first");
  const second = new FakeDriver("second");
  await under.init("velero.io/azure", async () => first);
  let finish: () => void = () => {};
  const running = under.use("velero.io/azure", async (driver) => {
    await new Promise<void>((resolve) => {
      finish = resolve;
    });
    return `${driver.id} closed ${driver.closed} times`;
  });
  await under.init("velero.io/azure", async () => second);
  assert.equal(await under.use("velero.io/azure", async (driver) => driver.id), "second");
  finish();
  assert.equal(await running, "first closed 0 times");
  assert.equal(first.closed, 1);
  assert.equal(second.closed, 0);
});

test("two names share no driver", async () => {
  const under = locations();
  await under.init("velero.io/azure", async () => new FakeDriver("a"));
  await under.init("other", async () => new FakeDriver("b"));
  assert.equal(await under.use("velero.io/azure", async ({ id }) => id), "a");
  assert.equal(await under.use("other", async ({ id }) => id), "b");
});

test("after an Init that failed, requests tell why and the former driver is not used any more", async () => {
  const under = locations();
  const first = new FakeDriver("first");
  await under.init("velero.io/azure", async () => first);
  const broken = new Failure("Unauthenticated", "the token has expired", { hint: "make a new one" });
  await assert.rejects(
    under.init("velero.io/azure", async () => Promise.reject(broken)),
    (error) => error === broken,
  );
  await assert.rejects(
    under.use("velero.io/azure", async () => 1),
    (error) => {
      assert.ok(hasCode("Unauthenticated")(error));
      assert.match(String(error), /the token has expired.*make a new one/);
      return true;
    },
  );
  assert.equal(first.closed, 1);
});
