// The door to every npm script: `node scripts/bootstrap.mjs ARGS…` installs what the lockfile names when it is not
// there yet, then becomes the pinned Node with ARGS. Plain JavaScript and nothing but Node's own modules, since it is
// run by whatever Node a fresh machine has.
import { spawn } from "node:child_process";
import { createWriteStream, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { constants, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const OLDEST_NODE = 20;
const root = fileURLToPath(new URL("..", import.meta.url));
const pinnedPackage = `node-linux-${process.arch}`;
const pinnedNode = join(root, "node_modules", pinnedPackage, "bin", "node");

/** @param {string} message */
function fail(message) {
  process.stderr.write(`velero-azure: ${message}\n`);
  process.exit(1);
}

/** @param {string} path */
function readJson(path) {
  return JSON.parse(readFileSync(path, "utf8"));
}

/**
 * Why the installed packages are not those of package-lock.json, or undefined when they are. npm's own record of what
 * it installed is compared, so that a hand-run `npm install` that agrees with the lockfile counts as well.
 */
function whyInstall() {
  const record = join(root, "node_modules", ".package-lock.json");
  if (!existsSync(record)) return "nothing is installed yet";
  const installed = readJson(record).packages;
  for (const [path, wanted] of Object.entries(readJson(join(root, "package-lock.json")).packages)) {
    if (path === "" || wanted.link) continue;
    const found = installed[path];
    // npm leaves out optional packages made for another processor or system.
    if (found === undefined && wanted.optional) continue;
    if (found === undefined) return `${path} is missing`;
    if (found.version !== wanted.version || found.integrity !== wanted.integrity)
      return `${path} is out of date`;
  }
  return existsSync(pinnedNode) ? undefined : `${pinnedPackage} is missing`;
}

/** @param {string} reason */
async function install(reason) {
  const began = Date.now();
  const seconds = () => `${Math.round((Date.now() - began) / 1000)} s`;
  process.stderr.write(`velero-azure: ${reason}; installing the pinned tools with npm ci\n`);
  const folder = mkdtempSync(join(tmpdir(), "velero-azure-npm-"));
  const logPath = join(folder, "npm.log");
  const log = createWriteStream(logPath);
  // The lockfile has all optional packages; --include keeps them whatever the user's npm configuration omits.
  const npm = spawn("npm", ["ci", "--include=dev", "--include=optional"], {
    cwd: root,
    stdio: ["ignore", "pipe", "pipe"],
  });
  npm.stdout.pipe(log, { end: false });
  npm.stderr.pipe(log, { end: false });
  const progress = setInterval(
    () => process.stderr.write(`velero-azure: still installing, ${seconds()}\n`),
    10_000,
  );
  const outcome = await new Promise((resolve) => {
    npm.on("error", (error) => resolve(error.code === "ENOENT" ? "npm is not on the PATH" : error.message));
    npm.on("close", (code, signal) =>
      resolve(code === 0 ? undefined : `npm ci ended with ${signal ?? `code ${code}`}`),
    );
  });
  clearInterval(progress);
  await new Promise((resolve) => log.end(resolve));
  const tail = readFileSync(logPath, "utf8").trimEnd().split("\n").slice(-15).join("\n");
  rmSync(folder, { recursive: true, force: true });
  if (outcome !== undefined) fail(`cannot install the pinned tools: ${outcome}\n${tail}`);
  process.stderr.write(`velero-azure: installed in ${seconds()}\n`);
}

/** @param {string[]} args */
function become(args) {
  const child = spawn(pinnedNode, args, { stdio: "inherit" });
  // The terminal sends its signals to both processes; this one waits so that the child's ending decides.
  const forwarded = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"];
  for (const signal of forwarded) process.on(signal, () => child.kill(signal));
  child.on("error", (error) => fail(`cannot start "${pinnedNode}": ${error.message}`));
  child.on("exit", (code, signal) => process.exit(signal === null ? code : 128 + constants.signals[signal]));
}

const major = Number(process.versions.node.split(".")[0]);
if (major < OLDEST_NODE) {
  fail(
    `cannot start with Node ${process.versions.node}: needs Node ${OLDEST_NODE} or newer, only to start npm`,
  );
}
if (process.platform !== "linux" || !["x64", "arm64"].includes(process.arch)) {
  fail(
    `cannot run on ${process.platform}/${process.arch}: needs Linux on x64 or arm64, as Velero's server does`,
  );
}
if (process.argv.length < 3) fail("cannot start: name a script, for instance scripts/build.ts");
const reason = whyInstall();
if (reason !== undefined) await install(reason);
if (!existsSync(pinnedNode))
  fail(`cannot find "${pinnedNode}" after npm ci: is ${pinnedPackage} in package.json?`);
become(process.argv.slice(2));
