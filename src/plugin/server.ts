/** What every run of the plugin needs once its handshake is out; loaded as one, since each part costs a little. */
export { GrpcServer } from "./grpc/server.ts";
export { methodLookup } from "./methods.ts";
