import type { KindValues } from "./kinds.ts";

/** The two of Velero's objects whose `spec.config` this plugin reads. */
export type LocationType = "object store" | "volume snapshotter";

/** One row of the table of location keys. */
export interface LocationKey {
  /** How the text is read, and so the type that the key has in the typed config. */
  readonly kind: keyof KindValues;
  /** Whose config may hold the key. */
  readonly locations: readonly LocationType[];
  /** Other spellings that are read as this key. */
  readonly aliases?: readonly string[];
  readonly required?: true;
  /** What holds when the key is absent, in words for the reference; how a kind is read decides it. */
  readonly absent?: string;
  /** Its value must not be printed. No key has a secret value now: secrets live in the credentials file. */
  readonly secret?: true;
  /** Velero itself puts the key into the config; a user has no business writing it. */
  readonly fromVelero?: boolean;
  /** The official plugin does not have the key. */
  readonly ours?: true;
  /** The release that brought the key. */
  readonly since: string;
  /** One sentence or two for the reference and the CLI's help, in Markdown. */
  readonly help: string;
  /** What is otherwise for a volume snapshotter, where both have the key. */
  readonly forSnapshotter?: {
    readonly fromVelero?: false;
    readonly absent?: string;
    readonly help?: string;
  };
}

/**
 * Every key of every location's config: parsing, its errors, the typed config, `docs/reference.md` and the CLI's
 * help are all made from this table, so that none of them can disagree. An absent and an empty value mean the
 * same, as for the official plugin.
 */
export const locationKeys = {
  storageAccount: {
    kind: "account name",
    locations: ["object store"],
    required: true,
    since: "0.1.0",
    help: "Name of the storage account that holds the container.",
  },
  resourceGroup: {
    kind: "text",
    locations: ["object store", "volume snapshotter"],
    absent: "`AZURE_RESOURCE_GROUP` of the credentials file",
    since: "0.1.0",
    help: "Resource group of the storage account. Needed only where Azure Resource Manager is called.",
    forSnapshotter: {
      help: "Resource group that snapshots are put into.",
    },
  },
  subscriptionId: {
    kind: "text",
    locations: ["object store", "volume snapshotter"],
    absent: "`AZURE_SUBSCRIPTION_ID` of the credentials file",
    since: "0.1.0",
    help: "Subscription of the storage account. Needed only where Azure Resource Manager is called.",
    forSnapshotter: {
      help: "Subscription that snapshots are put into. Incremental ones can only be put into their disk's own.",
    },
  },
  storageAccountURI: {
    kind: "endpoint",
    locations: ["object store"],
    absent: "`https://ACCOUNT.blob.core.windows.net`, or its like in the cloud that `AZURE_CLOUD_NAME` names",
    since: "0.1.0",
    help: "Blob endpoint of the storage account, for example `https://myaccount.blob.core.windows.net`. Without a scheme, `https://` is put before it.",
  },
  storageAccountKeyEnvVar: {
    kind: "credential name",
    locations: ["object store"],
    absent: "`AZURE_STORAGE_KEY` of the credentials file, if it is there",
    since: "0.1.0",
    help: "Name of the key *in the credentials file* that holds the storage account's access key.",
  },
  useAAD: {
    kind: "boolean",
    locations: ["object store"],
    absent: "`false`",
    since: "0.1.0",
    help: "Whether a Microsoft Entra identity reads and writes the blobs itself (`true`), or only fetches the account's access key through Resource Manager (`false`). An account key or a SAS token goes before either.",
  },
  activeDirectoryAuthorityURI: {
    kind: "endpoint",
    locations: ["object store", "volume snapshotter"],
    absent: "the cloud's own, or the environment's `AZURE_AUTHORITY_HOST` where nothing names the cloud",
    since: "0.1.0",
    help: "Where Microsoft Entra identities sign in, for example `https://login.microsoftonline.us/`. An address that ends with `/adfs` is one of AD FS.",
  },
  blockSizeInBytes: {
    kind: "block size",
    locations: ["object store"],
    absent: "adaptive: blocks grow with the object, so that any size Azure can hold fits its 50,000 blocks",
    since: "0.1.0",
    help: "Size of the blocks that a large object is sent in, 1 to 4194304000 (4000 MiB). What is not a number, or below 1, counts as absent with a warning; what is above counts as the maximum, with a warning.",
  },
  credentialsFile: {
    kind: "text",
    locations: ["object store", "volume snapshotter"],
    absent:
      "the file that the environment variable `AZURE_CREDENTIALS_FILE` names; without that, no credentials",
    since: "0.1.0",
    help: "Path of the credentials file. Velero sets it when the location names a `credential`.",
  },
  storageAccountSASTokenEnvVar: {
    kind: "credential name",
    locations: ["object store"],
    since: "0.1.0",
    help: 'Name of the key *in the credentials file* that holds a SAS token (a leading `?` is dropped). No other way to sign in is looked at; refused together with `useAAD: "true"`.',
  },
  storageAccountBlobEndpoint: {
    kind: "endpoint",
    locations: ["object store"],
    absent: "`storageAccountURI`, or what holds without it",
    since: "0.1.0",
    help: "Blob endpoint to use with a SAS token.",
  },
  cacheAccountKey: {
    kind: "boolean or true",
    locations: ["object store"],
    absent: "`true`",
    ours: true,
    since: "0.1.0",
    help: "Whether an account key that was fetched through Resource Manager is kept for five minutes, for the next process that Velero starts, in a file that this user alone can read, sealed with a key derived from the client secret or certificate. Without effect for other identities, and for a client secret of fewer than 24 characters, which could be guessed: nothing is kept for them.",
  },
  apiVersion: {
    kind: "text",
    locations: ["object store", "volume snapshotter"],
    absent: "a version that all public clouds have",
    ours: true,
    since: "0.1.0",
    help: "Version of Azure Resource Manager's operations to ask for, where a cloud does not have the usual one; Azure Stack Hub takes `2019-06-01` for storage accounts and `2019-07-01` for disks.",
  },
  apiTimeout: {
    kind: "duration",
    locations: ["volume snapshotter"],
    absent: "`2m`",
    since: "0.1.0",
    help: "How long one operation of Azure Resource Manager may take, with the questions how it is getting on, as a Go duration: `90s`, `1h30m`.",
  },
  incremental: {
    kind: "boolean or nothing",
    locations: ["volume snapshotter"],
    absent:
      "as Azure does by itself: full, but incremental for Premium SSD v2 and Ultra disks, which know nothing else, and where `copyToRegion` is set",
    since: "0.1.0",
    help: "Whether snapshots are incremental.",
  },
  tags: {
    kind: "tags",
    locations: ["volume snapshotter"],
    since: "0.1.0",
    help: "Tags for snapshots besides the disk's and Velero's: `key1=value1,key2=value2`.",
  },
  snapshotSku: {
    kind: "snapshot SKU",
    locations: ["volume snapshotter"],
    absent: "Azure's choice: `Standard_ZRS` where the region has zones, else `Standard_LRS`",
    ours: true,
    since: "0.1.0",
    help: "How snapshots are stored: `Standard_LRS`, `Standard_ZRS` or `Premium_LRS`, in any case. Azure has no incremental snapshots in `Premium_LRS`.",
  },
  restoreSkuMap: {
    kind: "disk kind map",
    locations: ["volume snapshotter"],
    ours: true,
    since: "0.1.0",
    help: "Other kinds of disk to restore to, by the kind that was backed up, in any case: `Premium_LRS=Premium_ZRS,UltraSSD_LRS=PremiumV2_LRS`. What the other kind does not have (tiers, bursting, chosen IOPS and MB/s, shares) is left out, with a warning; 4096-byte sectors, which only Premium SSD v2 and Ultra disks have, make the restore fail.",
  },
  restoreZoneMap: {
    kind: "zone map",
    locations: ["volume snapshotter"],
    ours: true,
    since: "0.1.0",
    help: "Other availability zones to restore to, by the zone that was backed up: `1=2,3=none`. `none` is a disk without a zone; `westeurope-1=northeurope-2` says the region, too, and goes before a bare number.",
  },
  diskEncryptionSetId: {
    kind: "disk encryption set",
    locations: ["volume snapshotter"],
    absent: "the disk encryption set that the disk had",
    ours: true,
    since: "0.1.0",
    help: "Resource ID of the disk encryption set for restored disks, which must be in their region and subscription. Needed to restore a disk with a key of one's own into another region.",
  },
  restoreResourceGroup: {
    kind: "text",
    locations: ["volume snapshotter"],
    absent: "`AZURE_RESOURCE_GROUP` of the credentials file",
    ours: true,
    since: "0.1.0",
    help: "Resource group that disks are restored into.",
  },
  waitForCopy: {
    kind: "boolean",
    locations: ["volume snapshotter"],
    absent: "`false`: a snapshot counts as taken when its point in time is safe",
    ours: true,
    since: "0.1.0",
    help: "Whether a backup waits until a snapshot, and its copy in another region, is copied whole. Concerns Premium SSD v2 and Ultra disks, and `copyToRegion`.",
  },
  copyTimeout: {
    kind: "duration",
    locations: ["volume snapshotter"],
    absent: "`4h`",
    ours: true,
    since: "0.1.0",
    help: "How long is waited for data to be copied in the background, before a restore or with `waitForCopy`, and for one of Azure's limits on snapshots to allow the next one.",
  },
  copyToRegion: {
    kind: "region",
    locations: ["volume snapshotter"],
    ours: true,
    since: "0.1.0",
    help: "A second region, `northeurope`, that each snapshot is copied to; snapshots are incremental then. Restores there, and after the first snapshot is lost, take the copy.",
  },
  copyResourceGroup: {
    kind: "text",
    locations: ["volume snapshotter"],
    ours: true,
    since: "0.1.0",
    help: "Resource group of the copies, in the snapshots' subscription. Needed with `copyToRegion`.",
  },
  copyDiskEncryptionSetId: {
    kind: "disk encryption set",
    locations: ["volume snapshotter"],
    ours: true,
    since: "0.1.0",
    help: "Resource ID of the disk encryption set, in the region of `copyToRegion`, that copies are encrypted with. Needed where disks have one: it serves its own region alone.",
  },
  allowInsecureEndpoint: {
    kind: "boolean",
    locations: ["object store"],
    absent: "`false`",
    ours: true,
    since: "0.1.0",
    help: "Allows a SAS token or an identity's token over plain `http` to another machine, where anyone on the way can read and use it. An account key never leaves the plugin, so it needs no leave.",
  },
  caCert: {
    kind: "certificates",
    locations: ["object store", "volume snapshotter"],
    fromVelero: true,
    since: "0.1.0",
    help: "Certificates (PEM) to trust besides the system's. Velero fills it from the location's `objectStorage.caCert` or `caCertRef`.",
    forSnapshotter: {
      fromVelero: false,
      help: "Certificates (PEM) to trust besides the system's; written here, since Velero fills it for backup storage locations alone.",
    },
  },
  caCertEncoded: {
    kind: "presence",
    locations: ["object store", "volume snapshotter"],
    since: "0.1.0",
    help: "Any value says that `caCert` is base64 of PEM.",
  },
  bucket: {
    kind: "text",
    locations: ["object store"],
    fromVelero: true,
    since: "0.1.0",
    help: "The container, from the location's `objectStorage.bucket`.",
  },
  prefix: {
    kind: "text",
    locations: ["object store"],
    fromVelero: true,
    since: "0.1.0",
    help: "What keys begin with, from the location's `objectStorage.prefix`.",
  },
} as const satisfies Readonly<Record<string, LocationKey>>;

type Table = typeof locationKeys;

/** The keys that a location of the type may hold. */
export type KeyOf<L extends LocationType> = {
  [K in keyof Table]: L extends Table[K]["locations"][number] ? K : never;
}[keyof Table];

/**
 * The typed config of a location: one field a key, named as users write it. A field is undefined when its key is
 * absent, but for required keys, booleans and presences (false).
 */
export type LocationConfig<L extends LocationType> = {
  readonly [K in KeyOf<L>]: Table[K] extends { required: true }
    ? NonNullable<KindValues[Table[K]["kind"]]>
    : KindValues[Table[K]["kind"]];
};

export type ObjectStoreConfig = LocationConfig<"object store">;
export type VolumeSnapshotterConfig = LocationConfig<"volume snapshotter">;
