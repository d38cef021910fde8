import { readCertificates } from "./certificates.ts";
import {
  readDiskEncryptionSet,
  readRegion,
  readSkuMap,
  readSnapshotSku,
  readZoneMap,
} from "./disk-values.ts";
import { readEndpoint } from "./endpoint.ts";
import { BOOLEAN_WORDS, parseGoBool, parseGoDuration, parseGoInt } from "./go-words.ts";
import { quote } from "./quote.ts";
import type { Reading } from "./reading.ts";

/** What each kind of location key is in the typed config. */
export interface KindValues {
  text: string | undefined;
  /** A name that can stand in a host name. */
  "account name": string | undefined;
  /** Go's ParseBool words; absent is false. */
  boolean: boolean;
  /** The same; absent is true. */
  "boolean or true": boolean;
  /** The same; undefined when absent. */
  "boolean or nothing": boolean | undefined;
  /** Milliseconds, from a Go duration above zero. */
  duration: number | undefined;
  /** Names and values of Azure tags. */
  tags: Readonly<Record<string, string>> | undefined;
  /** Which kind of disk a kind becomes, in Azure's spelling: `Premium_LRS=Premium_ZRS`. Never empty. */
  "disk kind map": Readonly<Record<string, string>> | undefined;
  /** Which zone a zone becomes: `1=2,westeurope-2=3,3=none`. Never empty. */
  "zone map": Readonly<Record<string, string>> | undefined;
  /** Azure's spelling of a snapshot's SKU, whatever the case it was written in. */
  "snapshot SKU": string | undefined;
  /** As Azure compares it, `northeurope`, whatever the case and spaces it was written with. */
  region: string | undefined;
  /** A disk encryption set's resource ID in the spelling of Azure's own tools. */
  "disk encryption set": string | undefined;
  /** Absolute http or https address without user, query, fragment and trailing slash. */
  endpoint: string | undefined;
  /** Bytes, 1 to 4000 MiB; undefined means that the driver chooses. */
  "block size": number | undefined;
  /** The name of a key in the credentials file. */
  "credential name": string | undefined;
  /** PEM text with at least one certificate and nothing else. */
  certificates: string | undefined;
  /** Whether any value is there. */
  presence: boolean;
}

interface Kind<T> {
  /** What holds when the key is absent. */
  readonly absent: T;
  /** What a user may write, for the reference. */
  readonly words: string;
  /** `raw` is the whole config, for the one kind whose reading depends on a neighbour. */
  read(text: string, raw: Readonly<Record<string, string>>): Reading<T>;
}

/** Azure's maximum for Put Block since service version 2019-12-12. */
export const MAX_BLOCK_BYTES = 4000 * 1024 * 1024;

export const kinds: { readonly [K in keyof KindValues]: Kind<KindValues[K]> } = {
  text: { absent: undefined, words: "text", read: (text) => ({ value: text }) },
  "account name": { absent: undefined, words: "name", read: readAccountName },
  boolean: { absent: false, words: "boolean", read: readBoolean },
  "boolean or true": { absent: true, words: "boolean", read: readBoolean },
  "boolean or nothing": { absent: undefined, words: "boolean", read: readBoolean },
  duration: { absent: undefined, words: "duration", read: readDuration },
  tags: { absent: undefined, words: "tags", read: readTags },
  "disk kind map": { absent: undefined, words: "map", read: readSkuMap },
  "zone map": { absent: undefined, words: "map", read: readZoneMap },
  "snapshot SKU": { absent: undefined, words: "SKU", read: readSnapshotSku },
  region: { absent: undefined, words: "region", read: readRegion },
  "disk encryption set": { absent: undefined, words: "resource ID", read: readDiskEncryptionSet },
  endpoint: { absent: undefined, words: "address", read: readEndpoint },
  "block size": { absent: undefined, words: "number of bytes", read: readBlockSize },
  "credential name": { absent: undefined, words: "name of a key", read: readCredentialName },
  certificates: {
    absent: undefined,
    words: "certificates (PEM)",
    read: (text, raw) => readCertificates(text, (raw["caCertEncoded"] ?? "") !== ""),
  },
  presence: { absent: false, words: "anything", read: () => ({ value: true }) },
};

function readAccountName(text: string): Reading<string | undefined> {
  if (!/^[A-Za-z0-9-]+$/.test(text)) {
    return {
      problem: `${quote(text)} is not the name of a storage account (3 to 24 lower-case letters and digits)`,
    };
  }
  return /^[a-z0-9]{3,24}$/.test(text)
    ? { value: text }
    : {
        value: text,
        warning: `${quote(text)} is not a name that Azure gives: 3 to 24 lower-case letters and digits`,
      };
}

function readBoolean(text: string): Reading<boolean> {
  const value = parseGoBool(text);
  return value === undefined
    ? {
        problem: `${quote(text)} is not a boolean (write "true" or "false"; known words: ${BOOLEAN_WORDS.join(", ")})`,
      }
    : { value };
}

function readDuration(text: string): Reading<number | undefined> {
  const nanoseconds = parseGoDuration(text);
  return nanoseconds === undefined || nanoseconds <= 0n
    ? { problem: `${quote(text)} is not a duration above zero, such as "2m" or "1h30m"` }
    : { value: Number(nanoseconds / 1_000_000n) };
}

/** As the Azure Disk CSI driver reads its tags (`ConvertTagsToMap` of its pkg/util). */
function readTags(text: string): Reading<Readonly<Record<string, string>> | undefined> {
  const tags = new Map<string, string>();
  for (const pair of text.split(",")) {
    const [name = "", value, ...more] = pair.split("=").map((part) => part.trim());
    if (name === "" || value === undefined || more.length > 0) {
      return { problem: `${quote(text)} is not a list of tags, such as "key1=value1,key2=value2"` };
    }
    tags.set(name, value);
  }
  return { value: Object.fromEntries(tags) };
}

/** The official plugin warns and goes on, so this must not be an error. */
function readBlockSize(text: string): Reading<number | undefined> {
  const size = parseGoInt(text);
  if (size === undefined) {
    return {
      value: undefined,
      warning: `${quote(text)} is not a number of bytes, the block size is adaptive instead`,
    };
  }
  if (size < 1n) {
    return { value: undefined, warning: `${size} is below 1, the block size is adaptive instead` };
  }
  return size > BigInt(MAX_BLOCK_BYTES)
    ? { value: MAX_BLOCK_BYTES, warning: `${size} is above the maximum, ${MAX_BLOCK_BYTES} is used instead` }
    : { value: Number(size) };
}

/** Names a key, and people put the key itself there: it must not be repeated by any message later. */
function readCredentialName(text: string): Reading<string | undefined> {
  const secretLike = /[&?%]|sig=|AccountKey=/i.test(text) || /^[A-Za-z0-9+/]{40,}={0,2}$/.test(text);
  return secretLike
    ? {
        problem:
          "holds what looks like a secret itself: write the secret into the credentials file as NAME=SECRET, and here the NAME alone",
      }
    : { value: text };
}
