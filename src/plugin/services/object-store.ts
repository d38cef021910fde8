import { Failure } from "../../errors/error.ts";
import type { Logger } from "../../log/logger.ts";
import type { ObjectStore } from "../../store/object-store.ts";
import {
  Bytes,
  GetObjectRequest,
  ListCommonPrefixesResponse,
  ListObjectsResponse,
  ObjectStoreDefinition,
} from "../gen/velero/object_store.ts";
import { readRequest, type CallHandler } from "../grpc/server-call.ts";
import { implement, type ServiceHandlers } from "../grpc/service.ts";
import { Locations } from "../locations.ts";
import { PutBody } from "../put-body.ts";
import { REGISTERED_PLUGINS } from "./lister.ts";
import { encodeTexts } from "./texts-message.ts";

/** Velero's TTL is a Go duration: nanoseconds. */
const NANOSECONDS_PER_MILLISECOND = 1_000_000n;

/** Bytes of content in one message of an answer. */
const MESSAGE_BYTES = 256 * 1024;

/** Makes the driver of a location from the config that Velero gives for it. */
export type OpenObjectStore = (
  config: Readonly<Record<string, string>>,
  logger: Logger,
) => Promise<ObjectStore>;

const { methods } = ObjectStoreDefinition;

/** The generated definition, but for how the two lists are written: see `encodeTexts`. */
const DEFINITION = {
  ...ObjectStoreDefinition,
  methods: {
    ...methods,
    listCommonPrefixes: {
      ...methods.listCommonPrefixes,
      responseType: {
        ...ListCommonPrefixesResponse,
        encode: ({ prefixes }: ListCommonPrefixesResponse) => ({ finish: () => encodeTexts(prefixes) }),
      },
    },
    listObjects: {
      ...methods.listObjects,
      responseType: {
        ...ListObjectsResponse,
        encode: ({ keys }: ListObjectsResponse) => ({ finish: () => encodeTexts(keys) }),
      },
    },
  },
};

/** Velero's ObjectStore service (its pkg/plugin/proto/ObjectStore.proto). */
export function objectStoreService(open: OpenObjectStore, logger: Logger): ServiceHandlers {
  const names = REGISTERED_PLUGINS.filter(({ kind }) => kind === "ObjectStore").map(({ name }) => name);
  const locations = new Locations<ObjectStore>("object store", names);
  return implement(DEFINITION, {
    init: async ({ plugin, config }) => {
      await locations.init(plugin, () => open(config, logger));
      return {};
    },
    putObject: (call) => putObject(locations, call),
    objectExists: async ({ plugin, bucket, key }, signal) => ({
      exists: await locations.use(plugin, (store) => store.exists(bucket, key, { signal })),
    }),
    getObject: (call) => getObject(locations, call),
    listCommonPrefixes: async ({ plugin, bucket, prefix, delimiter }, signal) => ({
      prefixes: await locations.use(plugin, (store) =>
        store.listCommonPrefixes(bucket, prefix, delimiter, { signal }),
      ),
    }),
    listObjects: async ({ plugin, bucket, prefix }, signal) => ({
      keys: await locations.use(plugin, (store) => store.list(bucket, prefix, { signal })),
    }),
    deleteObject: async ({ plugin, bucket, key }, signal) => {
      await locations.use(plugin, (store) => store.delete(bucket, key, { signal }));
      return {};
    },
    createSignedURL: async ({ plugin, bucket, key, ttl }, signal) => {
      const milliseconds = Number(ttl / NANOSECONDS_PER_MILLISECOND);
      if (milliseconds <= 0) {
        throw new Failure(
          "InvalidArgument",
          `cannot sign a URL for "${key}": its time to live is not above zero`,
        );
      }
      return {
        url: await locations.use(plugin, (store) =>
          store.createSignedUrl(bucket, key, milliseconds, { signal }),
        ),
      };
    },
  });
}

async function putObject(locations: Locations<ObjectStore>, call: Parameters<CallHandler>[0]): Promise<void> {
  try {
    const { target, body } = await PutBody.open(call.reader);
    await locations.use(target.plugin, (store) =>
      store.put(target.bucket, target.key, body, { signal: call.signal }),
    );
  } catch (error) {
    // Velero's client reports "EOF" instead of our reason when a call ends while it still sends: hear it out.
    await call.reader.discardRest();
    throw error;
  }
  // An Empty message: no bytes.
  await call.send([]);
}

async function getObject(locations: Locations<ObjectStore>, call: Parameters<CallHandler>[0]): Promise<void> {
  const { plugin, bucket, key } = await readRequest(call, GetObjectRequest);
  await locations.use(plugin, async (store) => {
    const chunks = await store.get(bucket, key, { signal: call.signal });
    for await (const chunk of chunks) await call.send(...dataMessages(chunk));
  });
}

/** Bytes messages without copying the chunk: each a header (field number and length), then its part of the chunk. */
function dataMessages(chunk: Uint8Array): readonly (readonly Uint8Array[])[] {
  const messages: (readonly Uint8Array[])[] = [];
  for (let at = 0; at < chunk.length; at += MESSAGE_BYTES) {
    const data = chunk.subarray(at, at + MESSAGE_BYTES);
    const empty = Bytes.encode({ data: new Uint8Array(0) });
    messages.push([
      empty
        .uint32((1 << 3) | 2)
        .uint32(data.length)
        .finish(),
      data,
    ]);
  }
  return messages;
}
