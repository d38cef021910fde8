import type { PassingRequest } from "../../simulator/core/request-log.ts";
import type { AzureWorld } from "./azure-world.ts";
import type { Estate } from "./disk-world.ts";

export const ACTIONS = ["snapshot", "snapshot and copy", "restore", "delete"] as const;
export type Action = (typeof ACTIONS)[number];

/** When a process is killed: at an event of the requests that its call makes of Resource Manager. */
export interface Point {
  readonly action: Action;
  readonly event: string;
  /** Which one of that name: 1 for the first. */
  readonly nth: number;
  /** How long after it, in milliseconds; 0 for at once, before Azure does anything more. */
  readonly delay: number;
}

/** 0 up to, not including, 1. */
export type Random = () => number;

/** Numbers that are the same for the same seed (Mulberry32). */
export function randomFrom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const LONGEST_DELAY = 8;

/** What comes after the events of a call. */
export const THE_END = "the end of the call";

/**
 * So many points, in a random order: of the events of each action, as they were heard in a trial run, and its end, every
 * one is hit about as often as any other. Half of those that are answers strike when the process has read the answer.
 */
export function randomPoints(
  count: number,
  events: Readonly<Record<Action, readonly string[]>>,
  random: Random,
): readonly Point[] {
  const all = ACTIONS.flatMap((action) =>
    [...Map.groupBy([...events[action], THE_END], (event) => event)].map(([event, { length }]) => {
      return { action, event, times: length };
    }),
  );
  const points: Point[] = [];
  while (points.length < count) {
    for (const { action, event, times } of shuffled(all, random)) {
      const late = random() < 0.5 && event.endsWith(" answered");
      const delay = late ? Math.ceil(random() * LONGEST_DELAY) : 0;
      points.push({ action, event, nth: 1 + Math.floor(random() * times), delay });
    }
  }
  return shuffled(points.slice(0, count), random);
}

function shuffled<T>(items: readonly T[], random: Random): T[] {
  return items
    .map((item) => ({ item, at: random() }))
    .toSorted((a, b) => a.at - b.at)
    .map(({ item }) => item);
}

/** Who hears the events of the requests that concern an estate, until it is told to stop. */
export interface Ear {
  /** `snapshots/create in backups arrived`, `poll of snapshots/create in backups answered`, … */
  readonly heard: string[];
  readonly stop: () => void;
}

/** `onEvent` runs at once: what it does comes before Azure does anything more. */
export function listenTo(
  { azure }: AzureWorld,
  { subscriptionId }: Estate,
  onEvent: (heard: readonly string[]) => void = () => {},
): Ear {
  const heard: string[] = [];
  let write = "";
  const hear = ({ service, path, operation, stage }: PassingRequest): void => {
    if (service !== "resource-manager" || !path.includes(subscriptionId)) return;
    const [, group] = /\/resourceGroups\/([^/]+)\//i.exec(path) ?? [];
    const what = group === undefined ? `poll of ${write}` : `${operation} in ${group}`;
    if (/\/(create|delete)$/.test(operation)) write = what;
    heard.push(`${what} ${stage}`);
    onEvent(heard);
  };
  return { heard, stop: azure.log.watch(hear) };
}
