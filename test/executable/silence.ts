import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { HostFailure } from "../host/host-client.ts";
import type { HostedPlugin } from "../host/host.ts";

/** The ways in which a secret might be written down. */
function spellings(secret: string): string[] {
  const bytes = Buffer.from(secret, "base64");
  return [
    secret,
    encodeURIComponent(secret),
    encodeURIComponent(encodeURIComponent(secret)),
    JSON.stringify(secret).slice(1, -1),
    Buffer.from(secret).toString("base64"),
    ...(bytes.length > 8 ? [bytes.toString("hex"), bytes.toString("latin1")] : []),
  ];
}

/** Secrets on one side, all that came out anywhere on the other. */
export class Silence {
  /** By what they are. */
  readonly secrets = new Map<string, string>();
  /** By where it came out. */
  readonly outputs = new Map<string, string>();

  keep(what: string, text: string | null | undefined): void {
    assert.ok(text !== null && text !== undefined && text.length > 3, `no ${what}`);
    this.secrets.set(what, text);
  }

  /** Keeps what a failed call says; a call may fail here, it must only not tell. */
  async hear(where: string, call: () => Promise<unknown>): Promise<void> {
    try {
      await call();
    } catch (error) {
      const answer = error instanceof HostFailure ? JSON.stringify(error.answer) : "";
      this.outputs.set(`error ${this.outputs.size} of ${where}`, `${String(error)}\n${answer}`);
    }
  }

  /** Ends the process and keeps all that it left: `folder` is where it writes. */
  async collect(plugin: HostedPlugin, folder: string, name = ""): Promise<void> {
    const keep = (where: string, text: string): unknown => this.outputs.set(`${where} ${name}`.trim(), text);
    keep("command line", await readFile(`/proc/${plugin.pid}/cmdline`, "utf8"));
    keep("environment", await readFile(`/proc/${plugin.pid}/environ`, "utf8"));
    for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
      keep(`name of ${entry.name}`, entry.name);
      if (entry.isFile()) {
        keep(`file ${entry.name}`, await readFile(join(entry.parentPath, entry.name), "latin1"));
      }
    }
    await plugin.end();
    keep("standard error", await plugin.stderr());
    keep("the host's log", await plugin.log());
  }

  /** No secret anywhere, in no spelling; nor anything that looks like a request's signature or a token. */
  assertKept(): void {
    const found = [...this.outputs].flatMap(([where, text]) =>
      [...this.secrets]
        .filter(([, secret]) => spellings(secret).some((spelling) => text.includes(spelling)))
        .map(([what]) => `${what} in ${where}`),
    );
    assert.deepEqual(found, []);
    const signed = /SharedKey \w+:|Bearer \w|[?&]sig=[^&"]{4}|eyJ[\w-]{16,}\.|PRIVATE KEY/;
    const schemes = [...this.outputs].filter(([, text]) => signed.test(text));
    assert.deepEqual(
      schemes.map(([where]) => where),
      [],
      "a request's signature, or a token",
    );
  }
}
