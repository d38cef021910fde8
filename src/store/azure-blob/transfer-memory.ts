/** Memory that nobody uses is kept for the next piece up to this many bytes; the rest is left to the collector. */
const KEPT_BYTES = 32 * 1024 * 1024;

/**
 * The memory of a store's transfers: what they may hold, and the buffers themselves.
 *
 * A transfer needs one piece at least, which it always gets; further ones it borrows from a budget that all transfers
 * of the store share, without waiting, and goes on with fewer when nothing is left: so no stalled transfer can hold up
 * another. Buffers are used again, since V8 collects megabytes outside of its own heap much too late: a process that
 * stored a few objects in a row held hundreds of them.
 */
export class TransferMemory {
  readonly #free: Uint8Array[] = [];
  #freeBytes = 0;
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
    const index = this.#free.findIndex(({ length }) => length === bytes);
    const [found] = index === -1 ? [] : this.#free.splice(index, 1);
    if (found === undefined) return new Uint8Array(new SharedArrayBuffer(bytes));
    this.#freeBytes -= bytes;
    return found;
  }

  /** Takes back what `allocate` gave. Nobody may read or write it any more, in no thread. */
  release(buffer: Uint8Array): void {
    if (this.#freeBytes + buffer.length > KEPT_BYTES) return;
    this.#free.push(buffer);
    this.#freeBytes += buffer.length;
  }
}
