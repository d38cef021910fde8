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

for (const outcome of ["succeeds", "fails"]) {
  test(`an Init that ${outcome} after a later one of its name has ended changes nothing any more`, async () => {
    const under = locations();
    const slow = new FakeDriver("slow");
    const opened = Promise.withResolvers<FakeDriver>();
    const earlier = under.init("velero.io/azure", () => opened.promise);
    await under.init("velero.io/azure", async () => new FakeDriver("later"));
    if (outcome === "succeeds") opened.resolve(slow);
    else opened.reject(new Failure("NotFound", "no such file"));
    await earlier.catch(() => {});
    assert.equal(await under.use("velero.io/azure", async ({ id }) => id), "later");
    assert.equal(slow.closed, outcome === "succeeds" ? 1 : 0);
  });
}

test("a former driver that does not close well does not cost the location its new one", async () => {
  const under = locations();
  const former = new FakeDriver("former");
  former.close = async () => Promise.reject(new Error("no"));
  await under.init("velero.io/azure", async () => former);
  await under.init("velero.io/azure", async () => new FakeDriver("new")).catch(() => {});
  assert.equal(await under.use("velero.io/azure", async ({ id }) => id), "new");
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
