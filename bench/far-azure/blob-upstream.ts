/**
 * Stands in for Azurite behind the simulator's gate, started and told its accounts in the same way. Azurite takes ten
 * milliseconds and more for a put, which would drown what a sign-in costs; the gate checks signatures either way.
 */
import { BlobServer } from "../blob-server.ts";

const accounts = (process.env["AZURITE_ACCOUNTS"] ?? "").split(";").map((entry) => entry.split(":")[0] ?? "");
const server = await BlobServer.start({ accounts });
console.log(`listens on http://${server.address}`);
for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => process.exit(0));
// A blob server and its pipes alone would not keep this process, on which its life depends.
setInterval(() => {}, 1 << 30);
