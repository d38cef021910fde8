/**
 * Takes out of an executable what it offers to others by name. Node has 38,000 such symbols for native addons, which the
 * plugin has none of, and looking a handful of names up in their tables makes all 3 MB of them resident.
 *
 * What stays is what somebody asks for: the executable's own relocations (what it needs, and data that it holds on behalf
 * of a library), other names of the same data, and the names that its libraries know (inline functions and type
 * information, of which all must use the same). The new tables are written over the old ones, side by side; nothing else
 * moves. Formats from the System V ABI (ELF chapter) and, for the hash table, from glibc's dl-lookup.
 */
import { alignUp, cString, elfError, readDynamic, readSegments, u64, view } from "./elf.ts";

const SECTION_SIZE = 64;
const SYMBOL_SIZE = 24;
const RELOCATION_SIZE = 24;
const SHT_RELA = 4;
const SHT_DYNSYM = 11;
const SHT_GNU_HASH = 0x6ffffff6;
const SHT_GNU_VERNEED = 0x6ffffffe;
const SHT_GNU_VERSYM = 0x6fffffff;
const DT_NEEDED = 1;
const DT_HASH = 4;
const DT_STRTAB = 5;
const DT_SYMTAB = 6;
const DT_STRSZ = 10;
const DT_GNU_HASH = 0x6ffffef5;
const DT_VERSYM = 0x6ffffff0;
const DT_VERDEF = 0x6ffffffc;
/** Of the second of the two bits that each symbol sets in the hash table's filter. */
const BLOOM_SHIFT = 6;

interface Section {
  /** Where its header is in the file. */
  readonly header: number;
  readonly index: number;
  readonly type: number;
  readonly address: number;
  readonly offset: number;
  readonly size: number;
  readonly link: number;
}

interface Symbol {
  readonly name: string;
  /** The 24 bytes of its entry. */
  readonly entry: Buffer;
  readonly version: number;
  readonly address: number;
  /** Where it was in the table. */
  readonly index: number;
}

function readSections(file: Buffer): Section[] {
  const table = u64(file, 40);
  return Array.from({ length: file.readUInt16LE(60) }, (_, index) => {
    const header = table + index * SECTION_SIZE;
    return {
      header,
      index,
      type: file.readUInt32LE(header + 4),
      address: u64(file, header + 16),
      offset: u64(file, header + 24),
      size: u64(file, header + 32),
      link: file.readUInt32LE(header + 40),
    };
  });
}

function ofType(sections: readonly Section[], type: number): Section {
  const found = sections.find((section) => section.type === type);
  if (found === undefined) throw elfError(`it has no section of type ${type.toString(16)}`);
  return found;
}

function linked(sections: readonly Section[], section: Section): Section {
  const found = sections[section.link];
  if (found === undefined) throw elfError("a section names another that is not there");
  return found;
}

function readSymbols(file: Buffer): Symbol[] {
  const sections = readSections(file);
  const table = ofType(sections, SHT_DYNSYM);
  const strings = linked(sections, table).offset;
  const versions = ofType(sections, SHT_GNU_VERSYM).offset;
  return Array.from({ length: table.size / SYMBOL_SIZE }, (_, index) => {
    const at = table.offset + index * SYMBOL_SIZE;
    return {
      name: cString(file, strings + file.readUInt32LE(at)),
      entry: file.subarray(at, at + SYMBOL_SIZE),
      version: file.readUInt16LE(versions + index * 2),
      address: u64(file, at + 8),
      index,
    };
  });
}

/** Where, in the file, each relocation that the loader applies names its symbol. */
function relocationSymbols(sections: readonly Section[]): number[] {
  const table = ofType(sections, SHT_DYNSYM);
  return sections
    .filter(({ type, link }) => type === SHT_RELA && link === table.index)
    .flatMap(({ offset, size }) =>
      Array.from({ length: size / RELOCATION_SIZE }, (_, index) => offset + index * RELOCATION_SIZE + 12),
    );
}

/** Where, in the file, names are given by their place among the strings: what is needed, and in which versions. */
function namesInUse(file: Buffer, sections: readonly Section[]): number[] {
  const places = readDynamic(file, readSegments(file))
    .filter(({ tag }) => tag === DT_NEEDED)
    .map(({ at }) => at + 8);
  const start = ofType(sections, SHT_GNU_VERNEED).offset;
  for (let at = start, more = true; more;) {
    places.push(at + 4);
    let entry = at + file.readUInt32LE(at + 8);
    for (let count = file.readUInt16LE(at + 2); count > 0; count -= 1) {
      places.push(entry + 8);
      entry += file.readUInt32LE(entry + 12);
    }
    const next = file.readUInt32LE(at + 12);
    more = next !== 0;
    at += next;
  }
  return places;
}

function hashOf(name: string): number {
  let hash = 5381;
  for (const byte of Buffer.from(name, "latin1")) hash = (Math.imul(hash, 33) + byte) >>> 0;
  return hash;
}

/** The order that the hash table wants: symbols that nobody looks up first, then the others bucket by bucket. */
function order(kept: readonly Symbol[], hidden: number): { symbols: Symbol[]; hash: Buffer; first: number } {
  const unhashed = kept.filter(({ index }) => index < hidden);
  const offered = kept.filter(({ index }) => index >= hidden);
  const buckets = Math.max(1, Math.ceil(offered.length / 2));
  const hashed = offered
    .map((symbol) => ({ symbol, hash: hashOf(symbol.name) }))
    .toSorted((a, b) => (a.hash % buckets) - (b.hash % buckets) || a.symbol.index - b.symbol.index);
  const words = 2 ** Math.ceil(Math.log2(Math.max(1, offered.length / 8)));
  const bucketsAt = 16 + words * 8;
  const chainsAt = bucketsAt + buckets * 4;
  const table = Buffer.alloc(alignUp(chainsAt + hashed.length * 4, 8));
  for (const [at, value] of [buckets, unhashed.length, words, BLOOM_SHIFT].entries())
    table.writeUInt32LE(value, at * 4);
  for (const [position, { hash }] of hashed.entries()) {
    const word = 16 + (Math.floor(hash / 64) % words) * 8;
    const bits = (1n << BigInt(hash % 64)) | (1n << BigInt((hash >>> BLOOM_SHIFT) % 64));
    table.writeBigUInt64LE(table.readBigUInt64LE(word) | bits, word);
    const bucket = bucketsAt + (hash % buckets) * 4;
    if (table.readUInt32LE(bucket) === 0) table.writeUInt32LE(unhashed.length + position, bucket);
    const after = hashed[position + 1];
    const last = after === undefined || after.hash % buckets !== hash % buckets;
    table.writeUInt32LE(((hash & ~1) | (last ? 1 : 0)) >>> 0, chainsAt + position * 4);
  }
  return {
    symbols: [...unhashed, ...hashed.map(({ symbol }) => symbol)],
    hash: table,
    first: unhashed.length,
  };
}

class Strings {
  #text = "\0";
  readonly #places = new Map<string, number>([["", 0]]);

  add(text: string): number {
    const known = this.#places.get(text);
    if (known !== undefined) return known;
    const place = this.#text.length;
    this.#places.set(text, place);
    this.#text += `${text}\0`;
    return place;
  }

  get bytes(): Buffer {
    return Buffer.from(this.#text, "latin1");
  }
}

/** The executable with the fewest symbols; the input is left as it was. */
export function withoutExports(executable: Uint8Array, libraries: Iterable<Uint8Array>): Buffer {
  const file = Buffer.from(executable);
  const sections = readSections(file);
  const dynamic = readDynamic(file, readSegments(file));
  if (dynamic.some(({ tag }) => tag === DT_HASH || tag === DT_VERDEF))
    throw elfError("it has a table of symbols of another kind");
  const all = readSymbols(file);
  const places = relocationSymbols(sections);
  const own = new Set(places.map((at) => file.readUInt32LE(at)));
  const data = new Set(
    all.filter(({ index, address }) => own.has(index) && address !== 0).map((s) => s.address),
  );
  const asked = new Set([...libraries].flatMap((library) => readSymbols(view(library)).map((s) => s.name)));
  const hashSection = ofType(sections, SHT_GNU_HASH);
  const hidden = file.readUInt32LE(hashSection.offset + 4);
  const kept = all.filter(
    ({ index, name, address }) => index < hidden || own.has(index) || data.has(address) || asked.has(name),
  );
  const { symbols, hash } = order(kept, hidden);

  const strings = new Strings();
  const oldStrings = linked(sections, ofType(sections, SHT_DYNSYM));
  for (const at of namesInUse(file, sections))
    file.writeUInt32LE(strings.add(cString(file, oldStrings.offset + file.readUInt32LE(at))), at);
  const moved = new Map(symbols.map(({ index }, position) => [index, position]));
  for (const at of places) file.writeUInt32LE(moved.get(file.readUInt32LE(at)) ?? 0, at);
  const entries = symbols.map(({ name, entry }) => {
    const copy = Buffer.from(entry);
    copy.writeUInt32LE(strings.add(name), 0);
    return copy;
  });
  const versions = Buffer.alloc(symbols.length * 2);
  for (const [position, { version }] of symbols.entries()) versions.writeUInt16LE(version, position * 2);

  const tables: readonly (readonly [Section, Buffer, number])[] = [
    [hashSection, hash, DT_GNU_HASH],
    [ofType(sections, SHT_DYNSYM), Buffer.concat(entries), DT_SYMTAB],
    [oldStrings, strings.bytes, DT_STRTAB],
    [ofType(sections, SHT_GNU_VERSYM), versions, DT_VERSYM],
  ];
  replace(file, tables);
  for (const { at, tag } of dynamic)
    if (tag === DT_STRSZ) file.writeBigUInt64LE(BigInt(strings.bytes.length), at + 8);
  return file;
}

/** Writes the tables one after the other to where the first of them was, and zeros to where the others were. */
function replace(file: Buffer, tables: readonly (readonly [Section, Buffer, number])[]): void {
  const dynamic = readDynamic(file, readSegments(file));
  const [start] = tables.map(([section]) => section);
  if (start === undefined) return;
  for (const [{ offset, size }] of tables) file.fill(0, offset, offset + size);
  let at = start.offset;
  for (const [{ header, offset, size }, bytes, tag] of tables) {
    at = alignUp(at, 8);
    const address = start.address + at - start.offset;
    file.set(bytes, at);
    file.writeBigUInt64LE(BigInt(address), header + 16);
    file.writeBigUInt64LE(BigInt(at), header + 24);
    file.writeBigUInt64LE(BigInt(bytes.length), header + 32);
    const entry = dynamic.find((candidate) => candidate.tag === tag);
    if (entry === undefined) throw elfError(`its dynamic table has no entry ${tag}`);
    file.writeBigUInt64LE(BigInt(address), entry.at + 8);
    at += bytes.length;
    if (at > offset + size) throw elfError("its tables of symbols are not where they are expected");
  }
}
