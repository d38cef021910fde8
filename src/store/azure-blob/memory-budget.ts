/**
 * What the transfers of one store may hold beyond the least that each of them needs. A transfer takes from it
 * without waiting and goes on with less when nothing is left, so that no stalled transfer can hold up another.
 */
export class MemoryBudget {
  #left: number;

  constructor(bytes: number) {
    this.#left = bytes;
  }

  /** Whether the bytes were taken. */
  take(bytes: number): boolean {
    if (bytes > this.#left) return false;
    this.#left -= bytes;
    return true;
  }

  give(bytes: number): void {
    this.#left += bytes;
  }
}
