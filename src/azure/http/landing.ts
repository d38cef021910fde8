import type { Agent } from "node:http";
import type { OnReadOpts } from "node:net";
import type { Duplex } from "node:stream";

/** What one read may bring, unless it goes to a body's own place: Node's usual 64 KiB. */
const SCRATCH_BYTES = 64 * 1024;

const HEAD_END = "\r\n\r\n";
const LAST_CHUNK = Buffer.from("0\r\n\r\n");

/** How far a body got in the place that was given for it. */
export interface Landed {
  /** What content-length said. Undefined until the head came, and for good when the body goes the usual way. */
  readonly length: number | undefined;
  readonly bytes: number;
}

/**
 * Lets the bodies of answers be read by the kernel straight into their final memory.
 *
 * Node's HTTP client allocates 64 KiB for each read and copies what its parser says is body, and who wants it in one
 * piece copies it once more: that was most of what a download cost. Connections, TLS, requests, heads and every time limit
 * stay with Node's client: its sockets are read by the `onread` of net.connect, and what comes is pushed into them as
 * usual, except for the bytes of a body that has a place. The parser is told of a chunked body in its stead, and gets
 * the last chunk when all bytes are there. So it still knows when an answer is whole, when it broke off, and when its
 * connection may be used again.
 */
export class LandingSockets {
  readonly #sockets = new WeakMap<Duplex, LandingSocket>();
  /** One for all sockets: what is read into it is copied out before the next read. */
  readonly #scratch = Buffer.allocUnsafeSlow(SCRATCH_BYTES);

  /** Makes an agent's connections such sockets. Not those through a proxy's tunnel: they know no `onread`. */
  equip<T extends Agent>(agent: T): T {
    const connect = agent.createConnection.bind(agent);
    agent.createConnection = (options, callback) => {
      const landing = new LandingSocket(this.#scratch);
      const withOnread = { ...options, onread: landing.onread };
      const socket = connect(withOnread, callback);
      if (socket) {
        landing.socket = socket;
        this.#sockets.set(socket, landing);
      }
      return socket;
    };
    return agent;
  }

  /** Gives a place to the body of the socket's next answer, if that is a good one of a known length that fits. */
  expect(socket: Duplex, place: Uint8Array): Landed | undefined {
    return this.#sockets.get(socket)?.expect(place);
  }
}

type Landing = { readonly place: Uint8Array; length: number | undefined; bytes: number };

class LandingSocket {
  socket: Duplex | undefined;
  readonly #scratch: Buffer;
  /** Whose head has not come yet. */
  #expected: Landing | undefined;
  /** Whose body is coming. */
  #landing: Landing | undefined;

  constructor(scratch: Buffer) {
    this.#scratch = scratch;
  }

  readonly onread: OnReadOpts = {
    // Asked after each read, for the next one.
    buffer: () => (this.#landing === undefined ? this.#scratch : restOf(this.#landing)),
    // False makes Node stop reading until the socket is read on, as after every push.
    callback: (length, buffer) =>
      buffer === this.#scratch ? this.#onScratch(this.#scratch.subarray(0, length)) : this.#onLanded(length),
  };

  expect(place: Uint8Array): Landed {
    this.#landing = undefined;
    this.#expected = { place, length: undefined, bytes: 0 };
    return this.#expected;
  }

  #onScratch(bytes: Buffer): boolean {
    const expected = this.#expected;
    this.#expected = undefined;
    const head = expected === undefined ? undefined : headOfKnownLength(bytes);
    if (expected === undefined || head === undefined || head.length > expected.place.length) {
      return this.#push(Buffer.from(bytes));
    }
    expected.length = head.length;
    this.#landing = expected;
    const body = bytes.subarray(head.end, head.end + head.length);
    expected.place.set(body);
    let more = this.#push(head.chunked);
    more = this.#onLanded(body.length) && more;
    const beyond = bytes.subarray(head.end + body.length);
    // Nothing belongs there, which is for the parser to say.
    return beyond.length === 0 ? more : this.#push(Buffer.from(beyond)) && more;
  }

  #onLanded(bytes: number): boolean {
    const landing = this.#landing;
    if (landing === undefined) return true;
    landing.bytes += bytes;
    if (landing.bytes !== landing.length) return true;
    this.#landing = undefined;
    return this.#push(LAST_CHUNK);
  }

  #push(bytes: Buffer): boolean {
    return this.socket?.destroyed === false && this.socket.push(bytes);
  }
}

/** Never more than the body has: the next answer must not come to lie in this one's place. */
function restOf({ place, bytes, length }: Landing): Uint8Array {
  return place.subarray(bytes, length);
}

interface Head {
  /** Where the body begins. */
  readonly end: number;
  /** Of the body. */
  readonly length: number;
  /** The head, but of an answer whose body comes in chunks. */
  readonly chunked: Buffer;
}

/**
 * The head of a good answer (200, 206) with a body of known length. Undefined for any other, and for one that did not
 * come in one piece: those are left to Node's parser.
 */
function headOfKnownLength(bytes: Buffer): Head | undefined {
  const end = bytes.indexOf(HEAD_END);
  if (end === -1) return undefined;
  const head = bytes.toString("latin1", 0, end + 2);
  const lengths = [...head.matchAll(/\r\ncontent-length:[ \t]*(\d{1,15})[ \t]*(?=\r\n)/gi)];
  const field = lengths[0];
  const usual = /^HTTP\/1\.1 20[06] /.test(head) && !/\ntransfer-encoding/i.test(head);
  if (!usual || field === undefined || lengths.length > 1) return undefined;
  const chunked = head.replace(field[0], "\r\ntransfer-encoding: chunked");
  return {
    end: end + HEAD_END.length,
    length: Number(field[1]),
    chunked: Buffer.from(`${chunked}\r\n`, "latin1"),
  };
}
