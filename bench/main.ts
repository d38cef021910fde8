import { mkdir, stat, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { Failure, describeFailure } from "../src/errors/error.ts";
import type { Contender } from "./contender.ts";
import type { Bench, Figure, Row } from "./figure.ts";
import { backupLife } from "./figures/backup-life.ts";
import { errand } from "./figures/errand.ts";
import { getCapped, getDirect, putDirect, putFar } from "./figures/large.ts";
import { memory } from "./figures/memory.ts";
import { putSmall } from "./figures/small.ts";
import { signIn } from "./figures/sign-in.ts";
import { snapshots } from "./figures/snapshots.ts";
import { start } from "./figures/start.ts";
import { document, table } from "./report.ts";
import { Stage } from "./stage.ts";

const figures: readonly Figure[] = [
  start,
  errand,
  memory,
  putFar,
  putDirect,
  getDirect,
  getCapped,
  putSmall,
  signIn,
  snapshots,
  backupLife,
];

const usage = `usage: npm run bench -- [--peer PATH] [--ours PATH] [--only NAME]… [--runs N] [--json FILE]

  --peer PATH   another Velero plugin executable for Azure, measured in turns with ours
  --ours PATH   default: dist/linux-${process.arch === "x64" ? "amd64" : process.arch}/velero-azure
  --only NAME   only this figure; may be repeated
  --runs N      runs of each side, in place of each figure's own number
  --json FILE   default: dist/bench.json

figures:
${figures.map((figure) => `  ${figure.name.padEnd(13)} ${figure.title}`).join("\n")}

With a peer, the exit code is 1 when a bar is missed.`;

const repository = fileURLToPath(new URL("..", import.meta.url));

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      peer: { type: "string" },
      ours: { type: "string" },
      only: { type: "string", multiple: true },
      runs: { type: "string" },
      json: { type: "string" },
      help: { type: "boolean" },
    },
  });
  if (values.help === true) {
    console.log(usage);
    return;
  }
  const chosen = choose(values.only);
  const built = resolve(
    repository,
    `dist/linux-${process.arch === "x64" ? "amd64" : process.arch}/velero-azure`,
  );
  const contenders: Contender[] = [
    { role: "ours", executable: await executable(values.ours ?? built, "npm run build") },
  ];
  if (values.peer !== undefined) {
    contenders.unshift({ role: "peer", executable: await executable(values.peer, undefined) });
  }
  const rows = await measure(chosen, contenders, count(values.runs));
  console.log(`\n${table(rows)}`);
  const file = resolve(values.json ?? join(repository, "dist/bench.json"));
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, `${JSON.stringify(document(rows, contenders), undefined, 2)}\n`);
  if (values.peer !== undefined && rows.some((row) => row.ok === false)) process.exitCode ??= 1;
}

async function measure(
  chosen: readonly Figure[],
  contenders: readonly Contender[],
  runs: number | undefined,
): Promise<Row[]> {
  await using started = new AsyncDisposableStack();
  let stage: Promise<Stage> | undefined;
  const bench: Bench = {
    contenders,
    runs,
    report: (line) => console.error(line),
    stage: () => (stage ??= Stage.start().then((made) => started.use(made))),
  };
  const rows: Row[] = [];
  for (const figure of chosen) {
    try {
      rows.push(...(await figure.run(bench)));
    } catch (error) {
      // The others' figures took minutes: they are worth seeing.
      console.error(`${figure.name}: ${describeFailure(error)}`);
      process.exitCode = 2;
    }
  }
  return rows;
}

function choose(names: readonly string[] | undefined): readonly Figure[] {
  if (names === undefined) return figures;
  return names.map((name) => {
    const found = figures.find((figure) => figure.name === name);
    if (found !== undefined) return found;
    throw new Failure("InvalidArgument", `cannot measure "${name}": no figure of that name`, {
      hint: `one of ${figures.map((figure) => figure.name).join(", ")}`,
    });
  });
}

function count(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const number = Number(text);
  if (Number.isInteger(number) && number > 0) return number;
  throw new Failure("InvalidArgument", `cannot use --runs "${text}": want a number of runs`);
}

async function executable(path: string, maker: string | undefined): Promise<string> {
  const file = resolve(path);
  if (await stat(file).catch(() => undefined)) return file;
  throw new Failure(
    "NotFound",
    `cannot measure "${file}": no such file`,
    maker === undefined ? {} : { hint: `run ${maker}` },
  );
}

try {
  await main();
} catch (error) {
  console.error(describeFailure(error));
  process.exitCode = 2;
}
