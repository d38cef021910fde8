import { Failure } from "../../errors/error.ts";
import type { CallHandler, Decoder, Encoder } from "./server-call.ts";
import { unary } from "./server-call.ts";

/** The part of a generated service definition that serving needs. */
interface ServiceDefinition {
  readonly fullName: string;
  readonly methods: Readonly<Record<string, MethodDefinition>>;
}

interface MethodDefinition {
  readonly name: string;
  readonly requestType: unknown;
  readonly requestStream: boolean;
  readonly responseType: unknown;
  readonly responseStream: boolean;
}

type MessageOf<Codec> = Codec extends Decoder<infer Message> ? Message : never;

type HandlerOf<Method extends MethodDefinition> = Method["requestStream"] extends true
  ? CallHandler
  : Method["responseStream"] extends true
    ? CallHandler
    : (
        request: MessageOf<Method["requestType"]>,
        signal: AbortSignal,
      ) => Promise<MessageOf<Method["responseType"]>>;

/** What must be written to serve a definition: a function for each unary method, a CallHandler for each stream. */
export type Implementation<Definition extends ServiceDefinition> = {
  readonly [Name in keyof Definition["methods"]]: HandlerOf<Definition["methods"][Name]>;
};

/** Handlers by path, `/package.Service/Method`. */
export type ServiceHandlers = ReadonlyMap<string, CallHandler>;

/** Joins a generated definition with its implementation. */
export function implement<Definition extends ServiceDefinition>(
  definition: Definition,
  implementation: Implementation<Definition>,
): ServiceHandlers {
  const handlers = new Map<string, CallHandler>();
  for (const [name, method] of Object.entries(definition.methods)) {
    const handler: unknown = implementation[name];
    if (typeof handler !== "function")
      throw new Failure("Internal", `${definition.fullName} has no "${name}"`);
    handlers.set(`/${definition.fullName}/${method.name}`, toCallHandler(method, handler as UntypedHandler));
  }
  return handlers;
}

type UntypedHandler = CallHandler & ((request: unknown, signal: AbortSignal) => Promise<unknown>);

function toCallHandler(method: MethodDefinition, handler: UntypedHandler): CallHandler {
  if (method.requestStream || method.responseStream) return handler;
  // `Implementation` has checked that the handler takes and gives what these codecs read and write.
  return unary(method.requestType as Decoder<unknown>, method.responseType as Encoder<unknown>, handler);
}
