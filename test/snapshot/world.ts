import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import type { TestContext } from "node:test";
import type { Principal } from "../../simulator/core/principals.ts";
import {
  application,
  grant,
  OWNER,
  simulatedWorld,
  SUBSCRIPTION,
  TENANT,
} from "../../simulator/resource-manager/resource-manager.fixture.ts";
import type { HttpRequest, HttpResponse, HttpTransport } from "../../src/azure/http/transport.ts";
import { TransportError } from "../../src/azure/http/transport.ts";
import type { LogFields, Logger, LogLevel } from "../../src/log/logger.ts";
import { openSnapshotter, snapshotterOpener } from "../../src/snapshot/open-snapshotter.ts";
import type { VolumeSnapshotter } from "../../src/snapshot/snapshotter.ts";
import { TurnedClock } from "./turned-clock.ts";

export const NODES = { subscriptionId: SUBSCRIPTION, resourceGroup: "nodes" };
export const BACKUPS = { subscriptionId: SUBSCRIPTION, resourceGroup: "backups" };
/** In northeurope, where everything else is in westeurope. */
export const FAR = { subscriptionId: SUBSCRIPTION, resourceGroup: "far" };
export const OTHER_SUBSCRIPTION = "44444444-4444-4444-8444-444444444444";
/** Has no role but those that a test gives. */
export const LIMITED = application("aaaaaaaa-0000-4000-8000-000000000009");

export interface LogLine {
  readonly level: LogLevel;
  readonly message: string;
  readonly fields: LogFields;
}

export interface LocationOptions {
  readonly config?: Readonly<Record<string, string>>;
  /** Default: the owner of everything. */
  readonly as?: Principal;
  readonly logger?: Logger;
  readonly env?: Readonly<Record<string, string>>;
}

/** What a test may do with a request: answer it, spoil it, or let it go on. */
export type Meddling = (
  request: HttpRequest,
  proceed: () => Promise<HttpResponse>,
  signal: AbortSignal,
) => Promise<HttpResponse> | undefined;

export type DiskWorld = Awaited<ReturnType<typeof diskWorld>>;

/** A simulated Azure with disks, whose time the snapshotter turns, and locations that use it. */
export async function diskWorld(t: Pick<TestContext, "after">) {
  const azure = await simulatedWorld();
  const { inventory } = azure;
  inventory.addResourceGroup({ ...NODES, name: NODES.resourceGroup });
  inventory.addResourceGroup({ ...FAR, name: FAR.resourceGroup, location: "northeurope" });
  inventory.addSubscription({ subscriptionId: OTHER_SUBSCRIPTION, tenantId: TENANT });
  inventory.addResourceGroup({ subscriptionId: OTHER_SUBSCRIPTION, name: "backups" });
  grant(inventory, OWNER, "Owner", `/subscriptions/${OTHER_SUBSCRIPTION}`);
  inventory.setComputePace({ disk: 1000, snapshot: 1000, deletion: 1000 });
  const folder = mkdtempSync(join(tmpdir(), "velero-azure-test-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const clock = new TurnedClock(azure.clock);
  const asked: string[] = [];
  const lines: LogLine[] = [];
  const meddlers: Meddling[] = [];

  const transportAs = (principal: Principal): HttpTransport => ({
    close: () => {},
    send: async (request, signal) => {
      signal.throwIfAborted();
      const answer = async (): Promise<HttpResponse> =>
        await clock.during(async () =>
          new URL(request.origin).hostname.startsWith("login.")
            ? tokenFor(azure, principal)
            : await passOn(azure, request),
        );
      if (new URL(request.origin).hostname.startsWith("management.")) asked.push(shortly(request));
      for (const meddle of meddlers) {
        const meddled = meddle(request, answer, signal);
        if (meddled !== undefined) return await meddled;
      }
      return await answer();
    },
  });

  /** A location; each is as a process of its own. */
  async function open({
    config = {},
    as = OWNER,
    logger,
    env = {},
  }: LocationOptions = {}): Promise<VolumeSnapshotter> {
    const standIns = { transport: transportAs(as), clock, temporaryFolder };
    return await openSnapshotter(rawConfig(as, config), env, logger ?? keeping(lines), standIns);
  }

  /** Locations of one process. */
  function opener(): () => Promise<VolumeSnapshotter> {
    const inOne = snapshotterOpener({}, { transport: transportAs(OWNER), clock, temporaryFolder });
    return () => inOne(rawConfig(OWNER, {}), keeping(lines));
  }

  function rawConfig(as: Principal, config: Readonly<Record<string, string>>): Record<string, string> {
    const credentialsFile = join(mkdtempSync(join(folder, "location-")), "cloud");
    const values = {
      AZURE_SUBSCRIPTION_ID: NODES.subscriptionId,
      AZURE_RESOURCE_GROUP: NODES.resourceGroup,
      AZURE_TENANT_ID: TENANT,
      AZURE_CLIENT_ID: as.clientId,
      AZURE_CLIENT_SECRET: "s3cret",
    };
    const text = Object.entries(values).map((pair) => pair.join("="));
    writeFileSync(credentialsFile, text.join("\n"), { mode: 0o600 });
    return { credentialsFile, resourceGroup: BACKUPS.resourceGroup, ...config };
  }

  const temporaryFolder = join(folder, "tmp");
  mkdirSync(temporaryFolder);
  /** What was asked of Resource Manager meanwhile: `PUT snapshots/d1-…`. */
  async function asking(work: () => Promise<unknown>): Promise<string[]> {
    const from = asked.length;
    await work();
    return asked.slice(from);
  }

  return {
    ...azure,
    turned: clock,
    asked,
    asking,
    lines,
    open,
    opener,
    temporaryFolder,
    meddle: (meddling: Meddling) => void meddlers.push(meddling),
    said: (level: LogLevel) => lines.filter((line) => line.level === level).map(({ message }) => message),
  };
}

async function tokenFor(
  { tokens }: Awaited<ReturnType<typeof simulatedWorld>>,
  principal: Principal,
): Promise<HttpResponse> {
  const { token } = await tokens.issue(principal, "https://management.azure.com");
  const body = { token_type: "Bearer", expires_in: 3600, access_token: token };
  return { status: 200, headers: {}, body: Readable.from([Buffer.from(JSON.stringify(body))]) };
}

async function passOn(
  { handler }: Awaited<ReturnType<typeof simulatedWorld>>,
  request: HttpRequest,
): Promise<HttpResponse> {
  const { body } = request;
  const answer = await handler({
    ...request,
    body: (async function* () {
      if (body !== undefined) yield body;
    })(),
  });
  const bytes = typeof answer.body === "string" ? [Buffer.from(answer.body)] : [];
  if (answer.cutAfter !== undefined) throw lost(request);
  return { status: answer.status, headers: answer.headers, body: Readable.from(bytes) };
}

/** What a client sees of an answer that did not arrive. */
export function lost(request: HttpRequest): TransportError {
  const { host } = new URL(request.origin);
  return new TransportError("broken", host, "the connection broke");
}

function shortly({ method, path }: HttpRequest): string {
  return `${method} ${path.split("/").slice(-2).join("/")}`;
}

function keeping(lines: LogLine[], more: LogFields = {}): Logger {
  return {
    enabled: () => true,
    log: (level, message, fields = {}) => void lines.push({ level, message, fields: { ...more, ...fields } }),
    with: (fields) => keeping(lines, { ...more, ...fields }),
  };
}

/** As Velero names what a snapshot is for. */
export const VELERO: Readonly<Record<string, string>> = {
  "velero.io/backup": "nightly",
  "velero.io/pv": "pv-1",
};

export async function take(
  snapshotter: VolumeSnapshotter,
  volumeId: string,
  tags: Readonly<Record<string, string>> = VELERO,
): Promise<string> {
  const { signal } = new AbortController();
  return await snapshotter.createSnapshot({ volumeId, zone: "", tags }, { signal });
}

export async function restore(
  snapshotter: VolumeSnapshotter,
  snapshotId: string,
  wish: { readonly volumeType?: string; readonly zone?: string; readonly signal?: AbortSignal } = {},
): Promise<string> {
  const { volumeType = "Premium_LRS", zone = "", signal = new AbortController().signal } = wish;
  const request = { snapshotId, volumeType, zone, iops: undefined };
  const volumeId = await snapshotter.createVolumeFromSnapshot(request, { signal });
  // As Velero does next.
  snapshotter.withVolumeId({ spec: { csi: { driver: "disk.csi.azure.com" } } }, volumeId);
  return volumeId;
}

/** Gives a role in the whole subscription, or at another scope. */
export function grantTo(
  { inventory }: Pick<DiskWorld, "inventory">,
  principal: Principal,
  role: string,
  scope = `/subscriptions/${SUBSCRIPTION}`,
): void {
  grant(inventory, principal, role, scope);
}
