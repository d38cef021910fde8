/**
 * One algorithm of hash-wasm alone: its index would bring the WebAssembly of all of them into the executable.
 * The file is CommonJS, whose only export Node sees is the default one.
 */
declare module "hash-wasm/dist/crc64.umd.min.js" {
  const crc64: Pick<typeof import("hash-wasm"), "createCRC64">;
  export default crc64;
}
