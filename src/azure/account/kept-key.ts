import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from "node:crypto";
import { lstatSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeFolder, ownFolder, readOwnFile, userId } from "../../config/private-files.ts";
import { readSmallFile } from "../../config/small-file.ts";
import type { IdentityProof } from "../../credentials/identity.ts";
import type { Logger } from "../../log/logger.ts";
import { Secret } from "../../secret/secret.ts";
import type { KeptKey } from "./listed-key.ts";

/**
 * Long enough for the processes that Velero starts each minute, short enough that an identity that lost the right to
 * list keys does not go on for long.
 */
const KEPT_MILLISECONDS = 5 * 60 * 1000;

const SALT_BYTES = 16;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const FORMAT = "velero-azure account key 1";
/** A key's file, or one that was not finished. */
const OUR_NAME = /^[0-9a-f]{32}(\.[0-9a-f]{8})?$/;
/**
 * Microsoft Entra's client secrets have 40 characters. From one that a person thought of, whoever gets hold of the file
 * could try secrets until one opens it.
 */
const LEAST_SECRET_BYTES = 24;

export interface KeptKeySettings {
  /** What the key is sealed with is derived from it. */
  readonly proof: () => IdentityProof;
  /** What the key belongs to: account, subscription, resource group, cloud. The identity is added. */
  readonly subject: readonly string[];
  /** The folder for temporary files; ours is made in it. */
  readonly temporaryFolder: string;
  readonly now: () => number;
  readonly logger: Logger;
}

/**
 * Keeps an account key for the next process, in a file that only this user can read and only this credential can
 * open: AES-256-GCM under a key derived (HKDF, SHA-256) from the client secret or the certificate with its private key.
 * A workload or managed identity has no secret of its own, and a short secret can be guessed: nothing is kept for them.
 */
export function keptKey(settings: KeptKeySettings): KeptKey {
  const quietly = <T>(what: string, action: (place: Place) => T): T | undefined => {
    try {
      const place = placeOf(settings);
      return place === undefined ? undefined : action(place);
    } catch (error) {
      settings.logger.log("debug", `cannot ${what} the kept account key: going on without`, { error });
      return undefined;
    }
  };
  return {
    read: async () => quietly("read", (place) => read(place, settings.now())),
    write: async (key) => quietly("write", (place) => write(place, key, settings.now())),
    drop: async () => quietly("delete", (place) => rmSync(place.path, { force: true })),
  };
}

/** Where one key is, and what opens it. */
interface Place {
  readonly folder: string;
  readonly path: string;
  readonly secret: Buffer;
  /** Authenticated with the key: a file that was put in another's place does not open. */
  readonly subject: Buffer;
}

function placeOf({ proof, subject, temporaryFolder }: KeptKeySettings): Place | undefined {
  const current = proof();
  const secret = secretOf(current);
  if (secret === undefined || secret.length < LEAST_SECRET_BYTES || !("tenant" in current)) {
    return undefined;
  }
  const whole = JSON.stringify([FORMAT, current.method, current.tenant, current.client, ...subject]);
  const name = createHash("sha256").update(whole).digest("hex").slice(0, 32);
  const folder = join(temporaryFolder, `velero-azure-keys-${userId()}`);
  return { folder, path: join(folder, name), secret, subject: Buffer.from(whole) };
}

function secretOf(proof: IdentityProof): Buffer | undefined {
  switch (proof.method) {
    case "client secret":
      return Buffer.from(proof.secret.reveal());
    case "client certificate": {
      const { certificate, password } = proof;
      const reading =
        "path" in certificate
          ? readSmallFile(certificate.path)
          : { value: Buffer.from(certificate.pem.reveal()) };
      return "problem" in reading
        ? undefined
        : Buffer.concat([reading.value, Buffer.from(`\0${password?.reveal() ?? ""}`)]);
    }
    default:
      return undefined;
  }
}

function read(place: Place, now: number): Secret | undefined {
  if (!ownFolder(place.folder)) {
    return undefined;
  }
  const sealed = readOwnFile(place.path);
  const opened: unknown = sealed === undefined ? undefined : JSON.parse(open(place, sealed));
  if (!Array.isArray(opened)) {
    return undefined;
  }
  const [listed, key]: unknown[] = opened;
  const fresh = typeof listed === "number" && listed <= now && now - listed < KEPT_MILLISECONDS;
  return fresh && typeof key === "string" ? new Secret(key) : undefined;
}

function write(place: Place, key: Secret, now: number): void {
  makeFolder(place.folder);
  if (!ownFolder(place.folder)) {
    throw new Error(`"${place.folder}" is not a folder of this user alone`);
  }
  dropOld(place.folder, now);
  const unfinished = `${place.path}.${randomBytes(4).toString("hex")}`;
  try {
    // "wx": anew, and through no link.
    writeFileSync(unfinished, seal(place, JSON.stringify([now, key.reveal()])), { flag: "wx", mode: 0o600 });
    renameSync(unfinished, place.path);
  } catch (error) {
    rmSync(unfinished, { force: true });
    throw error;
  }
}

/** Of credentials that are not used any more. Only what has a name of ours, and another process may be at it as well. */
function dropOld(folder: string, now: number): void {
  for (const name of readdirSync(folder).filter((found) => OUR_NAME.test(found))) {
    const path = join(folder, name);
    const status = lstatSync(path, { throwIfNoEntry: false });
    if (status?.isDirectory() === false && now - status.mtimeMs > KEPT_MILLISECONDS) {
      rmSync(path, { force: true });
    }
  }
}

function seal({ secret, subject }: Place, text: string): Buffer {
  const salt = randomBytes(SALT_BYTES);
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv("aes-256-gcm", derive(secret, salt), nonce).setAAD(subject);
  const sealed = Buffer.concat([cipher.update(text, "utf8"), cipher.final()]);
  return Buffer.concat([salt, nonce, cipher.getAuthTag(), sealed]);
}

/** Throws when it was sealed with anything else, or changed. */
function open({ secret, subject }: Place, sealed: Buffer): string {
  const [nonceAt, tagAt] = [SALT_BYTES, SALT_BYTES + NONCE_BYTES];
  const textAt = tagAt + TAG_BYTES;
  const key = derive(secret, sealed.subarray(0, nonceAt));
  const options = { authTagLength: TAG_BYTES };
  const decipher = createDecipheriv("aes-256-gcm", key, sealed.subarray(nonceAt, tagAt), options);
  decipher.setAAD(subject).setAuthTag(sealed.subarray(tagAt, textAt));
  return Buffer.concat([decipher.update(sealed.subarray(textAt)), decipher.final()]).toString("utf8");
}

function derive(secret: Buffer, salt: Buffer): Buffer {
  return Buffer.from(hkdfSync("sha256", secret, salt, FORMAT, 32));
}
