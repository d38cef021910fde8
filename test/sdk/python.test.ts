import assert from "node:assert/strict";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { preparePython } from "./python.ts";

const cases = [
  { name: "no Python at all", says: undefined, expected: /python3 is not installed/ },
  {
    name: "a Python that is too old",
    says: { version: [3, 9, 2], platform: "linux-x86_64", pip: true, venv: true },
    expected: /cannot use \S+python3 3\.9\.2: 3\.11 or later is wanted/,
  },
  {
    name: "a Python with neither pip nor venv",
    says: { version: [3, 12, 3], platform: "linux-x86_64", pip: false, venv: false },
    expected: /neither pip nor venv \(Debian: python3-pip or python3-venv\)/,
  },
];

for (const { name, says, expected } of cases) {
  test(`${name} is an error that names what to install`, async () => {
    const folder = await mkdtemp(join(tmpdir(), "velero-azure-python-"));
    try {
      const interpreter = join(folder, "python3");
      if (says !== undefined) {
        await writeFile(interpreter, `#!/bin/sh\necho '${JSON.stringify(says)}'\n`);
        await chmod(interpreter, 0o755);
      }
      await assert.rejects(preparePython({ interpreter, cache: folder }), expected);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
}
