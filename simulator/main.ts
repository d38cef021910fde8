import { runSimulator } from "./command.ts";

process.exit(await runSimulator(process.argv.slice(2)));
