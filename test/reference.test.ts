import assert from "node:assert/strict";
import { test } from "node:test";
import { referenceIsCurrent, renderReference } from "../scripts/reference.ts";
import { credentialKeys } from "../src/config/credential-keys.ts";
import { locationKeys } from "../src/config/location-keys.ts";

test("docs/reference.md is what the tables say (npm run reference writes it)", () => {
  assert.ok(referenceIsCurrent());
});

test("the reference has every key of both tables", () => {
  const text = renderReference();
  for (const key of [...Object.keys(locationKeys), ...Object.keys(credentialKeys)]) {
    assert.ok(text.includes(`### \`${key}\`\n`), key);
  }
});
