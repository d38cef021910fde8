import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { DiskSettings } from "../../simulator/resource-manager/compute/compute-inventory.ts";
import type { ErrorCode } from "../../src/errors/error.ts";
import { startAzureWorld, type AzureWorld } from "./azure-world.ts";
import {
  DISK,
  disksIn,
  SIDE_BY_SIDE,
  remove,
  restore,
  type Scene,
  scene,
  take,
  type Wishes,
} from "./disk-scene.ts";
import { encryptedWith, encryptionSet, type Estate, leastRoles } from "./disk-world.ts";
import { refusedWith } from "./sign-in-calls.ts";

const NO_TIME = { disk: 0, snapshot: 0, deletion: 0, backgroundCopy: 0, regionCopy: 0 };
const { signal } = new AbortController();

/** What somebody's backup or restore runs into. */
export interface Refusal extends Wishes {
  readonly name: string;
  /** What fails. A restore is one of a snapshot that is taken before, and then `meanwhile` happens. */
  readonly fails: "look" | "snapshot" | "restore" | "delete";
  readonly meanwhile?: (at: Scene, snapshotId: string) => void;
  /** Whether it does something to all of Azure, so that no other may run beside it. */
  readonly alone?: true;
  readonly code: ErrorCode;
  /** What the user has to read. */
  readonly says: readonly (RegExp | string)[] | ((at: Scene) => readonly (RegExp | string)[]);
}

/** The least roles, without what this one of them allows somewhere, and with more. */
export function rolesBut(
  without: (estate: Estate) => Readonly<Record<string, readonly string[]>>,
): NonNullable<Wishes["roles"]> {
  return (estate) => ({ ...leastRoles(estate), ...without(estate) });
}

export const withReader = rolesBut(({ subscriptionId }) => ({
  Reader: [`/subscriptions/${subscriptionId}`],
}));

/** A disk with a key of one's own. */
export function encrypted(
  world: AzureWorld,
  estate: Pick<Estate, "subscriptionId">,
  location = "westeurope",
): Partial<DiskSettings> {
  return { ...encryptedWith(encryptionSet(world, estate, { location })), location };
}

/** A test of each, in estates of one world. */
export function refusalTests(refusalsIn: (world: () => AzureWorld) => readonly Refusal[]): void {
  let started: AzureWorld | undefined;
  const world = (): AzureWorld => {
    if (started === undefined) throw new Error("the world is started before the first test");
    return started;
  };
  before(async () => {
    started = await startAzureWorld();
  });
  after(() => started?.[Symbol.asyncDispose]());
  const refusals = refusalsIn(world);
  const nameOf = ({ name, fails }: Refusal): string =>
    `${name} is refused with its reason and what to do (${fails})`;
  describe("a backup or a restore", { concurrency: SIDE_BY_SIDE }, () => {
    for (const refusal of refusals.filter(({ alone }) => alone !== true))
      test(nameOf(refusal), () => refused(world(), refusal));
  });
  for (const refusal of refusals.filter(({ alone }) => alone === true)) {
    test(nameOf(refusal), async () => {
      const { inventory, faults } = world().azure;
      try {
        await refused(world(), refusal);
        faults.assertSpent();
      } finally {
        inventory.setComputePace(NO_TIME);
        faults.clear();
      }
    });
  }
}

async function refused(world: AzureWorld, refusal: Refusal): Promise<void> {
  const { fails, meanwhile, code, says } = refusal;
  const at = await scene(world, refusal);
  const disks = (): readonly string[] => [
    ...disksIn(at, at.estate.disks),
    ...disksIn(at, at.estate.restores),
  ];
  const before = disks();
  const expected = refusedWith(code, ...(typeof says === "function" ? says(at) : says));
  await assert.rejects(failing(at, fails, meanwhile), expected);
  assert.deepEqual(disks(), before, "no disk is made, or none is left");
}

/** The call that is to be refused; what comes before it is not. */
async function failing(
  at: Scene,
  fails: Refusal["fails"],
  meanwhile: NonNullable<Refusal["meanwhile"]> = () => {},
): Promise<unknown> {
  const { volumes } = at.location;
  if (fails === "look") return volumes.volumeInfo(DISK, { signal });
  if (fails === "snapshot") {
    meanwhile(at, "");
    return take(at);
  }
  const taken = await take(at);
  meanwhile(at, taken.id);
  return fails === "delete" ? remove(at, taken.id) : restore(at, taken, "westeurope-1");
}
