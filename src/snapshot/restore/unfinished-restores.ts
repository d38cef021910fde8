import {
  closeSync,
  fsyncSync,
  lstatSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { makeFolder, ownFolder, readOwnFile, userId } from "../../config/private-files.ts";
import { type ComputeResource, formatResourceId, isSamePlace, parseResourceId } from "../resource-id.ts";
import type { SnapshotterParts } from "../snapshotter-parts.ts";
import { apiLimit } from "../waiting/time-limit.ts";

type JournalParts = Pick<SnapshotterParts, "clock" | "config" | "logger" | "restores" | "temporaryFolder">;

/** The names of disks that restores make, and of their entries. Nothing else is ever deleted. */
const OUR_NAME = /^restore-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Behind the name of an entry whose disk Velero was to be told of. */
const TOLD = ".told";

/** Which process an entry is of. A process ID alone is given to another soon. */
interface Owner {
  readonly pid: number;
  /** When it began, in the kernel's ticks since it booted. */
  readonly started: string;
  /** Process IDs mean something within one namespace, and until the machine boots again. */
  readonly namespace: string;
  readonly boot: string;
}

interface Entry extends Owner {
  /** Resource ID. */
  readonly disk: string;
  /** Milliseconds since 1970: by then the restore has ended or its process has. */
  readonly until: number;
}

export interface AbandonedDisk {
  readonly id: ComputeResource;
  /** Whether Azure may still be about to make it: the last thing that its process did was perhaps to ask for it. */
  readonly mayCome: boolean;
  /** Whether Velero may know of it: its process was killed while it answered. Such a disk is never deleted. */
  readonly told: boolean;
  readonly remove: () => boolean;
}

export interface RestoreEntry {
  /**
   * Before Velero is told of the disk. False when that could not be written down: a later process would then delete what is
   * Velero's.
   */
  readonly tell: () => boolean;
  /** When there is no disk. */
  readonly remove: () => void;
}

/**
 * Disks that are being made, each in a file of its own: a process that is killed cannot delete the disk that it began, and
 * nobody else knows of it. The next one finds the file, and deletes the disk.
 *
 * An entry is there from before Azure is asked for the disk until before Velero is told its name. So a disk with an entry
 * whose process is no more is nobody's. Then its name changes, and it stays until Velero shows that it has heard: it asks for
 * the disk to be put into its volume. Of a disk whose process was killed in between nobody knows whose it is.
 */
export class UnfinishedRestores {
  readonly #parts: JournalParts;
  readonly #folder: string;

  constructor(parts: JournalParts) {
    this.#parts = parts;
    this.#folder = join(parts.temporaryFolder, `velero-azure-restores-${userId()}`);
  }

  /** Never throws: a restore that cannot be written down is as good as any other, unless it is killed. */
  add(id: ComputeResource): RestoreEntry {
    const { clock, config } = this.#parts;
    const path = join(this.#folder, id.name);
    const written = this.#quietly("write down a restore that begins", () => {
      makeFolder(this.#folder);
      if (!ownFolder(this.#folder)) {
        throw new Error(`"${this.#folder}" is not a folder of this user alone`);
      }
      // The creation and its clean-up, each as long as it may take, and as long again.
      const until = clock.now() + 4 * apiLimit(config).milliseconds;
      const entry: Entry = { ...thisProcess(), disk: formatResourceId("disks", id), until };
      // "wx": anew, and through no link.
      writeFileSync(path, JSON.stringify(entry), { flag: "wx", mode: 0o600 });
      return true;
    });
    return {
      tell: () => written === undefined || this.#rename(path, path + TOLD),
      remove: () => void this.#remove(path),
    };
  }

  /** Velero knows of the disk. */
  confirm(name: string): void {
    if (OUR_NAME.test(name)) {
      this.#quietly("forget a restore that Velero knows of", () =>
        rmSync(join(this.#folder, name + TOLD), { force: true }),
      );
    }
  }

  /** The disks here that processes began that are no more. */
  abandoned(): readonly AbandonedDisk[] {
    const names =
      this.#quietly("look for unfinished restores", () =>
        ownFolder(this.#folder) ? readdirSync(this.#folder) : [],
      ) ?? [];
    return names.flatMap((file) => {
      const told = file.endsWith(TOLD);
      const name = told ? file.slice(0, -TOLD.length) : file;
      if (!OUR_NAME.test(name)) return [];
      const path = join(this.#folder, file);
      const found = this.#quietly("read what is written of a restore", () => this.#abandonedDisk(path, name));
      return found === undefined ? [] : [{ ...found, told, remove: () => this.#remove(path) }];
    });
  }

  /** Undefined when the restore is still under way, or another location's. */
  #abandonedDisk(path: string, name: string): Pick<AbandonedDisk, "id" | "mayCome"> | undefined {
    const content = readOwnFile(path);
    const entry = content === undefined ? undefined : readEntry(content);
    if (entry === undefined) {
      // Its process was killed while it wrote, before it asked for the disk. Another one may be writing now.
      const written = lstatSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Number.POSITIVE_INFINITY;
      if (this.#parts.clock.now() - written > 60_000) {
        this.#remove(path);
      }
      return undefined;
    }
    const id = parseResourceId("disks", entry.disk);
    const ours = id !== undefined && id.name === name && isSamePlace(id, this.#parts.restores);
    const now = this.#parts.clock.now();
    return ours && isOver(entry, now) ? { id, mayCome: now <= entry.until } : undefined;
  }

  #remove(path: string): boolean {
    return this.#change("forget a restore that has ended", () => rmSync(path, { force: true }));
  }

  #rename(from: string, to: string): boolean {
    return this.#change("write down that Velero is told of a restore", () => renameSync(from, to));
  }

  #change(what: string, action: () => void): boolean {
    const changed = this.#quietly(what, () => {
      action();
      return true;
    });
    // A machine that loses its power must not have the entry as it was when it is back.
    if (changed) this.#quietly(`make sure of it: ${what}`, () => syncFolder(this.#folder));
    return changed === true;
  }

  #quietly<T>(what: string, action: () => T): T | undefined {
    try {
      return action();
    } catch (error) {
      this.#parts.logger.log("debug", `cannot ${what}: going on without`, { error });
      return undefined;
    }
  }
}

function syncFolder(folder: string): void {
  if (lstatSync(folder, { throwIfNoEntry: false }) === undefined) return;
  const handle = openSync(folder, "r");
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

function readEntry(content: Buffer): Entry | undefined {
  let value: unknown;
  try {
    value = JSON.parse(content.toString("utf8"));
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null) {
    return undefined;
  }
  const { disk, pid, started, namespace, boot, until } = value as Readonly<Record<string, unknown>>;
  const whole =
    typeof disk === "string" &&
    typeof pid === "number" &&
    typeof started === "string" &&
    typeof namespace === "string" &&
    typeof boot === "string" &&
    typeof until === "number";
  return whole ? { disk, pid, started, namespace, boot, until } : undefined;
}

function thisProcess(): Owner {
  const { pid } = process;
  const started = startOf(pid);
  if (started === undefined) {
    throw new Error(
      "the kernel does not say when this process began, so that no other could tell whether it lives",
    );
  }
  return { pid, started, namespace: pidNamespace(), boot: bootId() };
}

function isOver({ pid, started, namespace, boot, until }: Entry, now: number): boolean {
  if (boot !== bootId()) {
    return true;
  }
  // Of another container on the same volume nobody can tell from here whether it lives.
  return namespace === pidNamespace() ? startOf(pid) !== started : now > until;
}

/** Field 22 of the process's line, behind its name, which may hold anything (proc_pid_stat(5)); undefined when it is no more. */
function startOf(pid: number): string | undefined {
  try {
    const line = readFileSync(`/proc/${pid}/stat`, "utf8");
    return line.slice(line.lastIndexOf(")") + 2).split(" ")[19];
  } catch {
    return undefined;
  }
}

function pidNamespace(): string {
  return readlinkSync("/proc/self/ns/pid");
}

function bootId(): string {
  return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
}
