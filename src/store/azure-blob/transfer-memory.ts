/** The arena's grain, and how many there are: 64 MiB, as much as the transfers of a store usually hold. */
const CELL_BYTES = 1024 * 1024;
const CELLS = 64;

/** Buffers outside of the arena are kept for the next piece of their size up to this many bytes. */
const KEPT_BYTES = 64 * 1024 * 1024;

/**
 * The memory of a store's transfers: what they may hold, and the buffers themselves.
 *
 * A transfer needs one piece at least, which it always gets; further ones it borrows from a budget that all transfers
 * of the store share, without waiting, and goes on with fewer when nothing is left: so no stalled transfer can hold up
 * another.
 *
 * Buffers are cut from one arena and used again, since V8 neither counts shared memory as a reason to collect nor
 * collects it soon: blocks of growing sizes, each allocated for itself, once came to three GiB. Of the arena, only
 * what was written takes memory.
 */
export class TransferMemory {
  readonly #taken: boolean[] = Array.from({ length: CELLS }, () => false);
  #arena: SharedArrayBuffer | undefined;
  #kept: Uint8Array[] = [];
  #budget: number;

  constructor(budget: number) {
    this.#budget = budget;
  }

  /** Whether the bytes were taken from the budget. */
  borrow(bytes: number): boolean {
    if (bytes > this.#budget) return false;
    this.#budget -= bytes;
    return true;
  }

  giveBack(bytes: number): void {
    this.#budget += bytes;
  }

  /** A buffer that other threads can reach too, so that a piece never has to be copied from one to the other. */
  allocate(bytes: number): Uint8Array {
    return this.#cut(bytes) ?? this.#takeKept(bytes) ?? new Uint8Array(new SharedArrayBuffer(bytes));
  }

  /** Takes back what `allocate` gave. Nobody may read or write it any more, in no thread. */
  release(buffer: Uint8Array): void {
    if (buffer.buffer === this.#arena) {
      const first = buffer.byteOffset / CELL_BYTES;
      this.#taken.fill(false, first, first + cellsOf(buffer.length));
      return;
    }
    // The newest first, since pieces grow: those of sizes that are no longer asked for fall off the end.
    let room = KEPT_BYTES;
    this.#kept = [buffer, ...this.#kept].filter(({ length }) => (room -= length) >= 0);
  }

  /** A run of cells that nobody has; undefined when there is none long enough. */
  #cut(bytes: number): Uint8Array | undefined {
    const wanted = cellsOf(bytes);
    let run = 0;
    for (let cell = 0; cell < CELLS; cell++) {
      run = this.#taken[cell] === true ? 0 : run + 1;
      if (run < wanted) continue;
      const first = cell + 1 - wanted;
      this.#taken.fill(true, first, cell + 1);
      this.#arena ??= new SharedArrayBuffer(CELLS * CELL_BYTES);
      return new Uint8Array(this.#arena, first * CELL_BYTES, bytes);
    }
    return undefined;
  }

  #takeKept(bytes: number): Uint8Array | undefined {
    const index = this.#kept.findIndex(({ length }) => length === bytes);
    return index === -1 ? undefined : this.#kept.splice(index, 1)[0];
  }
}

function cellsOf(bytes: number): number {
  return Math.ceil(bytes / CELL_BYTES);
}
