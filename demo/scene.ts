import type { LocalAzure } from "./local-azure.ts";
import type { Narrator } from "./narrator.ts";

export interface StoryOptions {
  readonly narrator: Narrator;
  /** Breaks the story off; whatever it started is ended and removed all the same. */
  readonly signal: AbortSignal;
}

/** What the steps of the story have in common. */
export interface Scene extends StoryOptions {
  readonly executable: string;
  /** Everything that the story leaves on disk lies here: credentials and tokens, too. */
  readonly folder: string;
  readonly azure: LocalAzure;
  /** Every line that a plugin of this story logged. */
  readonly logged: string[];
}
