import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import type { Handler } from "../../simulator/http/message.ts";
import { openTokenSource } from "../../src/azure/auth/open-token-source.ts";
import type { TokenSource } from "../../src/azure/auth/token-source.ts";
import { openCloud } from "../../src/azure/cloud/clouds.ts";
import type { Clock } from "../../src/azure/http/pipeline.ts";
import type { HttpTransport } from "../../src/azure/http/transport.ts";
import { type Environment } from "../../src/config/credentials-file.ts";
import { parseObjectStoreConfig } from "../../src/config/object-store-config.ts";
import { chooseCredential } from "../../src/credentials/choose.ts";
import { LiveCredentials } from "../../src/credentials/live-credentials.ts";
import { silentLogger } from "../../src/log/logger.ts";

/** Calls a simulated service without a port. */
export function transportTo(handler: Handler, addresses: string[] = []): HttpTransport {
  return {
    async send(request) {
      addresses.push(`${request.method} ${request.path}`);
      const { body } = request;
      const answer = await handler({
        ...request,
        body: (async function* () {
          if (body !== undefined) yield body;
        })(),
      });
      const text = answer.body ?? "";
      return {
        status: answer.status,
        headers: answer.headers,
        body:
          typeof text === "string" || text instanceof Uint8Array
            ? Readable.from([Buffer.from(text)])
            : Readable.from(text),
      };
    },
    close() {},
  };
}

/** A folder of this run's own; whoever asks removes it. */
export function temporaryFolder(): string {
  return mkdtempSync(join(tmpdir(), "velero-azure-test-"));
}

export interface Located {
  readonly source: TokenSource;
  readonly addresses: string[];
  /** Writes the credentials file anew. */
  rewrite(values: Readonly<Record<string, string>>): void;
}

/** A location's tokens, from its credentials file on, as the plugin makes them. */
export function locate(options: {
  readonly folder: string;
  readonly values: Readonly<Record<string, string>>;
  readonly handler: Handler;
  readonly now: () => number;
  readonly config?: Readonly<Record<string, string>>;
  readonly env?: Environment;
}): Located {
  const { folder, values, handler, now, config: more = {}, env = {} } = options;
  const credentialsFile = join(mkdtempSync(join(folder, "location-")), "cloud");
  const rewrite = (entries: Readonly<Record<string, string>>): void => {
    const lines = Object.entries(entries).map(([key, value]) => `${key}='${value}'`);
    writeFileSync(credentialsFile, lines.join("\n"), { mode: 0o600 });
  };
  rewrite(values);
  const raw = { storageAccount: "account", useAAD: "true", credentialsFile, ...more };
  const { config } = parseObjectStoreConfig(raw);
  const { current } = new LiveCredentials(config, env, () => {});
  const { credential, cloud } = chooseCredential({ config, values: current(), current, env, now: now() });
  if (credential.kind !== "identity") throw new Error(`a location signs in by ${credential.kind}`);
  const addresses: string[] = [];
  const transport = transportTo(handler, addresses);
  const clock: Clock = { now, random: Math.random, sleep: async () => {} };
  const settings = { transport, logger: silentLogger, userAgent: "test", clock };
  const source = openTokenSource(credential.identity, {
    ...settings,
    machineTransport: transport,
    cloud: openCloud(cloud, settings),
  });
  return { source, addresses, rewrite };
}
