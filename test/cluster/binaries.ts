import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readFile, rename, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Failure } from "../../src/errors/error.ts";
import { requireTools } from "./required-tools.ts";

/** Absolute paths of the programs that a cluster is made of. */
export interface ClusterBinaries {
  readonly etcd: string;
  readonly kubeApiserver: string;
  readonly kubeControllerManager: string;
  readonly kubectl: string;
  readonly velero: string;
}

/** Takes one line of progress, without a newline. */
export type Report = (line: string) => void;

/** A program to build. */
export interface Build {
  readonly name: string;
  readonly package: string;
  /** Measured on two cores with nothing cached, downloads included. */
  readonly usualSeconds: number;
}

interface GoModule {
  readonly folder: string;
  readonly builds: readonly Build[];
  /** The linker's -X settings, from the module's go.mod. */
  readonly settings: (goMod: string) => readonly string[];
}

const goFolder = fileURLToPath(new URL("../go/", import.meta.url));

const kubernetesModule: GoModule = {
  folder: join(goFolder, "kubernetes"),
  builds: [
    { name: "etcd", package: "go.etcd.io/etcd/server/v3", usualSeconds: 10 },
    { name: "kube-apiserver", package: "k8s.io/kubernetes/cmd/kube-apiserver", usualSeconds: 180 },
    {
      name: "kube-controller-manager",
      package: "k8s.io/kubernetes/cmd/kube-controller-manager",
      usualSeconds: 45,
    },
    { name: "kubectl", package: "k8s.io/kubernetes/cmd/kubectl", usualSeconds: 20 },
  ],
  settings: kubernetesVersionSettings,
};

const veleroModule: GoModule = {
  folder: join(goFolder, "velero"),
  builds: [{ name: "velero", package: "github.com/vmware-tanzu/velero/cmd/velero", usualSeconds: 150 }],
  settings: (goMod) => [
    `github.com/vmware-tanzu/velero/pkg/buildinfo.Version=v${pinned(goMod, "github.com/vmware-tanzu/velero")}`,
  ],
};

/**
 * Builds what is not built yet from the repository's pinned Go modules and returns the paths. Results are kept under
 * `${XDG_CACHE_HOME:-~/.cache}/velero-azure/bin/`, one folder for each state of a module, so that a machine builds once.
 */
export async function clusterBinaries(report: Report): Promise<ClusterBinaries> {
  const kubernetes = await plan(kubernetesModule);
  const velero = await plan(veleroModule);
  for (const { module, flags, folder, missing } of [kubernetes, velero]) {
    for (const build of missing) await buildOne(module, build, flags, folder, report);
  }
  return {
    etcd: join(kubernetes.folder, "etcd"),
    kubeApiserver: join(kubernetes.folder, "kube-apiserver"),
    kubeControllerManager: join(kubernetes.folder, "kube-controller-manager"),
    kubectl: join(kubernetes.folder, "kubectl"),
    velero: join(velero.folder, "velero"),
  };
}

/** What `clusterBinaries` has yet to build. */
export async function missingBinaries(): Promise<readonly Build[]> {
  return [...(await plan(kubernetesModule)).missing, ...(await plan(veleroModule)).missing];
}

/** Without these, kubectl and Velero read the server's version as "v0.0.0-master+$Format:%H$" and refuse to parse it. */
function kubernetesVersionSettings(goMod: string): readonly string[] {
  const version = pinned(goMod, "k8s.io/kubernetes");
  const [major, minor] = version.split(".");
  const variable = "k8s.io/component-base/version";
  return [
    `${variable}.gitVersion=v${version}`,
    `${variable}.gitMajor=${major}`,
    `${variable}.gitMinor=${minor}`,
  ];
}

function pinned(goMod: string, module: string): string {
  const version = goMod.match(new RegExp(`^\\s+${module.replaceAll(".", "\\.")} v(\\S+)`, "m"))?.[1];
  if (version === undefined) {
    throw new Failure("Internal", `cannot read the version of "${module}": go.mod does not require it`);
  }
  return version;
}

interface Plan {
  readonly module: GoModule;
  readonly flags: readonly string[];
  /** Where the results are kept. */
  readonly folder: string;
  readonly missing: readonly Build[];
}

async function plan(module: GoModule): Promise<Plan> {
  requireTools("build the parts of a cluster", new Map([["go", "https://go.dev/dl, 1.26 or later"]]));
  const goMod = await readFile(join(module.folder, "go.mod"), "utf8");
  const goSum = await readFile(join(module.folder, "go.sum"), "utf8");
  const linker = ["-s", "-w", ...module.settings(goMod).map((setting) => `-X ${setting}`)].join(" ");
  const flags = ["-trimpath", "-buildvcs=false", "-mod=readonly", "-ldflags", linker];
  // "go env" answers for this module: a go.mod may ask for a newer toolchain than the one in PATH.
  const toolchain = await go(["env", "GOVERSION", "GOOS", "GOARCH"], module.folder, () => undefined);
  const state = JSON.stringify([goMod, goSum, flags, toolchain]);
  const key = createHash("sha256").update(state).digest("hex").slice(0, 16);
  const folder = join(process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "velero-azure", "bin", key);
  return {
    module,
    flags,
    folder,
    missing: module.builds.filter(({ name }) => !existsSync(join(folder, name))),
  };
}

async function buildOne(
  module: GoModule,
  build: Build,
  flags: readonly string[],
  folder: string,
  report: Report,
): Promise<void> {
  const file = join(folder, build.name);
  await mkdir(folder, { recursive: true });
  const started = Date.now();
  const elapsed = () => `${Math.round((Date.now() - started) / 1000)} s`;
  report(
    `building ${build.name}: about ${build.usualSeconds} s on two cores, less when Go has it in its cache`,
  );
  const ticker = setInterval(() => report(`building ${build.name}: ${elapsed()} so far`), 20_000);
  // Built beside its name and renamed: a build that was interrupted must not count as a result.
  const unfinished = `${file}.${process.pid}`;
  try {
    await go(["build", ...flags, "-o", unfinished, build.package], module.folder, report);
    await rename(unfinished, file);
  } finally {
    clearInterval(ticker);
    await rm(unfinished, { force: true });
  }
  report(`built ${build.name} in ${elapsed()}`);
}

/** Runs go in a folder and returns its stdout; the first line of a download wave is reported, for it can take minutes. */
async function go(args: readonly string[], folder: string, report: Report): Promise<string> {
  const child = spawn("go", args, {
    cwd: folder,
    // A workspace file or flags of the user's own would build something else than what go.mod pins.
    env: { ...process.env, CGO_ENABLED: "0", GOWORK: "off", GOFLAGS: "" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    if (stderr === "" && text.startsWith("go: downloading")) report("downloading Go modules");
    stderr += text;
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", resolve);
  });
  if (code === 0) return stdout;
  throw new Failure(
    "Unknown",
    `cannot run "go ${args[0]}" in "${folder}": ${stderr.trim().split("\n").slice(-15).join("\n")}`,
  );
}
