/**
 * The version of the blob service that this client speaks: `x-ms-version` of each request and `sv` of the signed
 * URLs it makes. Of 2023, because sovereign clouds get versions months later, and nothing newer is needed: blocks
 * of 4,000 MiB came with 2019-12-12, keys that XML cannot hold with 2021-02-12.
 */
export const SERVICE_VERSION = "2023-11-03";
