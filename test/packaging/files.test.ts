import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { globSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { before, describe, test } from "node:test";
import { readLinkage } from "../../packaging/elf.ts";
import { build, copySources, hostArchitecture, root } from "./build.ts";

/** e_machine of the ELF header. */
const MACHINES = { amd64: 62, arm64: 183 } as const;
const ARCHITECTURES = ["amd64", "arm64"] as const;

interface BuiltFile {
  readonly path: string;
  readonly mode: string;
  readonly sha256: string;
}

function filesIn(folder: string): BuiltFile[] {
  return globSync("**", { cwd: folder, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path) => ({
      path: path.slice(folder.length + 1),
      mode: (statSync(path).mode & 0o7777).toString(8),
      sha256: createHash("sha256").update(readFileSync(path)).digest("hex"),
    }))
    .toSorted((a, b) => (a.path < b.path ? -1 : 1));
}

describe("npm run build", () => {
  let folder = "";
  let files: BuiltFile[] = [];
  let commit = "";
  before(() => {
    commit = execFileSync("git", ["rev-parse", "--short=12", "HEAD"], { cwd: root, encoding: "utf8" }).trim();
    folder = build(root);
    files = filesIn(folder);
  });

  test("makes the same bytes of the same sources, wherever they are", () => {
    const first = copySources(root);
    const second = copySources(first);
    assert.deepEqual(filesIn(build(second)), filesIn(build(first)));
  });

  for (const architecture of ARCHITECTURES) {
    test(`makes one executable for ${architecture}, and beside it libraries that Velero does not try to start`, () => {
      const modes = files
        .filter(({ path }) => path.startsWith(`linux-${architecture}/`))
        .map(({ path, mode }) => `${mode} ${path.slice(architecture.length + 7)}`);
      assert.deepEqual(modes, [
        "755 velero-azure",
        "644 velero-azure.lib/libgcc_s.so.1",
        "644 velero-azure.lib/libstdc++.so.6",
      ]);
    });

    test(`makes an executable for ${architecture} whose loader finds every library beside it or in glibc`, () => {
      const path = join(folder, `linux-${architecture}`);
      const linkage = readLinkage(readFileSync(join(path, "velero-azure")));
      assert.equal(linkage.machine, MACHINES[architecture]);
      assert.equal(linkage.runPath, "$ORIGIN/velero-azure.lib");
      const beside = globSync("*.so.*", { cwd: join(path, "velero-azure.lib") });
      for (const name of beside) {
        const library = readLinkage(readFileSync(join(path, "velero-azure.lib", name)));
        assert.equal(library.machine, MACHINES[architecture], name);
      }
      const others = linkage.needed.filter((name) => !beside.includes(name));
      for (const name of others) assert.match(name, /^(lib(c|m|dl|pthread)|ld-linux[a-z0-9_-]*)\.so\.\d$/);
    });
  }

  test("leaves no path of the machine that built it", () => {
    for (const architecture of ARCHITECTURES) {
      const executable = readFileSync(join(folder, `linux-${architecture}`, "velero-azure"));
      assert.equal(executable.includes(root, 0, "latin1"), false, architecture);
    }
  });

  test("bakes the version and the commit in", () => {
    const executable = join(folder, `linux-${hostArchitecture}`, "velero-azure");
    const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
    const { status, stdout, stderr } = spawnSync(executable, ["--version"], { env: {}, encoding: "utf8" });
    assert.deepEqual([status, stderr], [0, ""]);
    assert.match(
      stdout,
      new RegExp(`^velero-azure ${version.replaceAll(".", "\\.")} \\(commit ${commit}(-dirty)?\\)\n$`),
    );
  });

  test("makes an executable that explains itself", () => {
    const executable = join(folder, `linux-${hostArchitecture}`, "velero-azure");
    const { status, stdout, stderr } = spawnSync(executable, ["--help"], { env: {}, encoding: "utf8" });
    assert.deepEqual([status, stderr], [0, ""]);
    assert.match(stdout, /velero-azure/);
    assert.match(stdout, /--version/);
  });
});

test("a build for a processor that Velero is not published for is refused with the usage", () => {
  const { status, stderr } = spawnSync(
    process.execPath,
    [join(root, "scripts", "build.ts"), "--arch", "s390x"],
    {
      encoding: "utf8",
    },
  );
  assert.equal(status, 1);
  assert.match(stderr, /cannot build for "s390x"\nusage: /);
});
