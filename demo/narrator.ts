import { WriteStream } from "node:tty";
import { styleText } from "node:util";

/** Where a story is told: a terminal, or whatever takes text. */
export interface Listener {
  write(text: string): unknown;
}

/** Tells how far a step is, in a few words. Each call replaces what the one before said. */
export type Progress = (text: string) => void;

type Format = Parameters<typeof styleText>[0];

/** Where nothing can be written over, a step that lasts longer says so this often. */
const STILL_GOING_MILLISECONDS = 15_000;

/** A terminal shows the progress of a step that takes longer than the first, again each of the second. */
const PATIENCE_MILLISECONDS = 400;
const REFRESH_MILLISECONDS = 200;

const INDENT = "     ";
const ERASE_LINE = "\r\u001B[2K";

/**
 * Tells a story step by step, each with its time, and says how far it is while a step takes long: on a terminal in
 * one line that is written over, elsewhere in a line now and then. Colours only where a terminal shows them.
 */
export class Narrator {
  readonly #listener: Listener;
  readonly #terminal: boolean;
  readonly #colours: boolean;
  #steps = 0;
  #progressShown = false;

  constructor(listener: Listener) {
    this.#listener = listener;
    this.#terminal = listener instanceof WriteStream && listener.isTTY;
    this.#colours = listener instanceof WriteStream && listener.hasColors();
  }

  /** One line of the story itself. */
  readonly say = (text: string): void => {
    this.#eraseProgress();
    this.#listener.write(`${text}\n`);
  };

  /** Lines below a step's title. */
  readonly detail = (text: string): void => {
    for (const line of text.trimEnd().split("\n")) this.say(`${INDENT}${line}`);
  };

  readonly style = (format: Format, text: string): string =>
    this.#colours ? styleText(format, text, { validateStream: false }) : text;

  /** Tells the title, runs the step and tells how long it took. */
  async step<T>(title: string, action: (progress: Progress) => Promise<T>): Promise<T> {
    this.#steps += 1;
    this.say(`\n${this.style("bold", `${String(this.#steps).padStart(2)}. ${title}`)}`);
    const started = performance.now();
    const elapsed = (): string => `${((performance.now() - started) / 1000).toFixed(1)} s`;
    let doing = "";
    const ticker = this.#terminal
      ? setInterval(() => {
          if (performance.now() - started > PATIENCE_MILLISECONDS)
            this.#showProgress(`${elapsed()}  ${doing}`);
        }, REFRESH_MILLISECONDS)
      : setInterval(
          () => this.detail(`… still at it after ${elapsed()}  ${doing}`.trimEnd()),
          STILL_GOING_MILLISECONDS,
        );
    try {
      const result = await action((text) => (doing = text));
      clearInterval(ticker);
      this.detail(`${this.style("green", "✔")} ${elapsed()}`);
      return result;
    } catch (error) {
      clearInterval(ticker);
      this.detail(`${this.style("red", "✖")} ${elapsed()}`);
      throw error;
    }
  }

  #showProgress(text: string): void {
    this.#listener.write(`${ERASE_LINE}${INDENT}${this.style("dim", text)}`);
    this.#progressShown = true;
  }

  #eraseProgress(): void {
    if (this.#progressShown) this.#listener.write(ERASE_LINE);
    this.#progressShown = false;
  }
}
