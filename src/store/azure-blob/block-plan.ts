/** One MiB. */
const MIB = 1024 * 1024;

/** Limits of the service for block blobs (Azure: "Scalability and performance targets for Blob storage"). */
export const MOST_BLOCKS = 50_000;
export const LARGEST_BLOCK = 4_000 * MIB;

/** Up to this many bytes an object goes in one request, whatever the block size. */
export const SINGLE_PUT_BYTES = 4 * MIB;

const FIRST_BLOCK = 4 * MIB;

/** Blocks sent before their size doubles. */
const BLOCKS_A_STEP = 400;

/** What the blocks on their way may hold together, as long as that lets two of them be there. */
const IN_FLIGHT_BYTES = 32 * MIB;

/**
 * The size of the next block of an object whose length nobody knows, after `sent` blocks.
 *
 * Without a configured size, blocks double every 400: 4 MiB at first, 8 from 1.6 GiB on, 16 at 10 GiB, so that the
 * memory they take stays small for every object that exists, and 50,000 of them still hold 177 TiB. (The service's
 * own limit, 190.7 TiB, is 50,000 of the largest blocks, 4000 MiB each; only who knows the length beforehand can reach
 * it, since each smaller block at the start takes away from it.)
 */
export function blockSize(sent: number, configured: number | undefined): number {
  if (configured !== undefined) return Math.min(configured, LARGEST_BLOCK);
  return Math.min(FIRST_BLOCK * 2 ** Math.floor(sent / BLOCKS_A_STEP), LARGEST_BLOCK);
}

/** How many blocks of this size may be on their way at once. */
export function blocksInFlight(size: number): number {
  return Math.max(1, Math.min(8, Math.floor(IN_FLIGHT_BYTES / size)));
}
