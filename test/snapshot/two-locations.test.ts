import assert from "node:assert/strict";
import { test } from "node:test";
import { diskWorld, NODES, take } from "./world.ts";

test("a wait that Azure asks one location of a process for is kept by the other one", async (t) => {
  const world = await diskWorld(t);
  for (const name of ["d1", "d2"]) world.inventory.addDisk({ ...NODES, name });
  const open = world.opener();
  const [first, second] = [await open(), await open()];
  const effect = { kind: "throttle", retryAfterSeconds: 30 } as const;
  world.faults.add({ service: "resource-manager", operation: "snapshots/create", effect });
  const refused = Promise.withResolvers<number>();
  const writtenAt: number[] = [];
  world.meddle((request, proceed) => {
    if (request.method !== "PUT") return undefined;
    writtenAt.push(world.clock.now());
    return proceed().then((answer) => {
      if (answer.status === 429) refused.resolve(world.clock.now());
      return answer;
    });
  });
  const one = take(first, "d1");
  const from = await refused.promise;
  await Promise.all([one, take(second, "d2")]);
  assert.equal(writtenAt.length, 3);
  for (const at of writtenAt.slice(1)) assert.ok(at >= from + 30_000, `${at - from} ms after the refusal`);
});
