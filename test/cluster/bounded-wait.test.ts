import assert from "node:assert/strict";
import { test } from "node:test";
import { Failure } from "../../src/errors/error.ts";
import { Pending, waitFor } from "./bounded-wait.ts";

test("a wait returns what the probe found after it saw nothing, or an error, for a while", async () => {
  const answers = [() => new Pending("nothing"), () => assert.fail("refused"), () => "there"];
  const found = await waitFor("the thing", () => (answers.shift() ?? assert.fail)(), { logs: "logs" });
  assert.equal(found, "there");
});

test("a wait in vain names what was awaited, what was seen last and where the logs are", async () => {
  await assert.rejects(
    waitFor("the thing", () => new Pending("a shadow"), { seconds: 0, logs: "/var/log/thing" }),
    (error) =>
      error instanceof Failure &&
      error.code === "DeadlineExceeded" &&
      error.message.includes("the thing") &&
      error.message.includes("a shadow") &&
      error.hint === "read /var/log/thing",
  );
});

test("a wait for a process that has ended gives up at once, with the process's reason", async () => {
  const wait = waitFor("the thing", () => new Pending("a shadow"), {
    logs: "logs",
    hopeless: () => "it ended",
  });
  await assert.rejects(wait, { code: "Aborted", message: /it ended/ });
});
