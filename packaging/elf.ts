/**
 * Makes a single executable of a Node executable for Linux (ELF, 64 bits, little endian).
 *
 * One pass does what `strip`, Node's `--build-sea` and `patchelf --set-rpath` do one after the other, because it needs
 * nothing but Node, gives the same bytes each time, works for either processor on either, and leaves everything Node
 * maps where it was: the application, the run path and the longer program header table go into one read-only segment of
 * their own behind the rest. Rules from the System V ABI (ELF chapter), ld.so(8) and Node's "Single executable
 * applications" page: a note named NODE_SEA_BLOB, and a fuse turned from 0 to 1.
 */

export type Architecture = "amd64" | "arm64";

/** What goes into the executable. */
export interface Injection {
  readonly architecture: Architecture;
  /** What `node --experimental-sea-config` wrote. */
  readonly blob: Uint8Array;
  /** DT_RUNPATH, for instance `$ORIGIN/velero-azure.lib`. */
  readonly runPath: string;
}

interface Segment {
  readonly type: number;
  readonly flags: number;
  readonly offset: number;
  readonly address: number;
  readonly fileSize: number;
  readonly memorySize: number;
  readonly align: number;
}

interface Section {
  readonly name: string;
  /** The 64 bytes of its header. */
  readonly header: Buffer;
}

const MACHINE: Record<Architecture, number> = { amd64: 62, arm64: 183 };
const HEADER_SIZE = 64;
const SEGMENT_SIZE = 56;
const SECTION_SIZE = 64;
const DYNAMIC_SIZE = 16;
const PT_LOAD = 1;
const PT_DYNAMIC = 2;
const PT_NOTE = 4;
const PT_PHDR = 6;
const PF_R = 4;
const SHT_STRTAB = 3;
const SHT_NOTE = 7;
const SHF_ALLOC = 2;
const DT_NULL = 0;
const DT_NEEDED = 1;
const DT_STRTAB = 5;
const DT_STRSZ = 10;
const DT_RPATH = 15;
const DT_RUNPATH = 29;
const NOTE_NAME = "NODE_SEA_BLOB";
const FUSE = "NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2:";

/** What the dynamic loader will do with an executable. */
export interface Linkage {
  readonly machine: number;
  readonly needed: readonly string[];
  readonly runPath: string | undefined;
  readonly align: number;
}

export function elfError(reason: string): Error {
  return new Error(`cannot make an executable of this Node: ${reason}`);
}

export function view(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

export function u64(file: Buffer, at: number): number {
  return Number(file.readBigUInt64LE(at));
}

export function alignUp(value: number, align: number): number {
  return Math.ceil(value / align) * align;
}

function checkHeader(file: Buffer): void {
  const wanted = [0x7f, 0x45, 0x4c, 0x46, 2, 1];
  if (file.length < HEADER_SIZE || wanted.some((byte, at) => file[at] !== byte)) {
    throw elfError("it is not a little-endian 64-bit ELF file");
  }
}

export function readSegments(file: Buffer): Segment[] {
  const table = u64(file, 32);
  return Array.from({ length: file.readUInt16LE(56) }, (_, index) => {
    const at = table + index * SEGMENT_SIZE;
    return {
      type: file.readUInt32LE(at),
      flags: file.readUInt32LE(at + 4),
      offset: u64(file, at + 8),
      address: u64(file, at + 16),
      fileSize: u64(file, at + 32),
      memorySize: u64(file, at + 40),
      align: u64(file, at + 48),
    };
  });
}

function writeSegment(segment: Segment): Buffer {
  const bytes = Buffer.alloc(SEGMENT_SIZE);
  bytes.writeUInt32LE(segment.type, 0);
  bytes.writeUInt32LE(segment.flags, 4);
  const fields = [
    segment.offset,
    segment.address,
    segment.address,
    segment.fileSize,
    segment.memorySize,
    segment.align,
  ];
  for (const [index, value] of fields.entries()) bytes.writeBigUInt64LE(BigInt(value), 8 + index * 8);
  return bytes;
}

function only(segments: readonly Segment[], type: number, name: string): Segment {
  const [found, ...more] = segments.filter((segment) => segment.type === type);
  if (found === undefined || more.length > 0) throw elfError(`it does not have exactly one ${name} segment`);
  return found;
}

export function cString(file: Buffer, at: number): string {
  return file.toString("latin1", at, file.indexOf(0, at));
}

/** The sections that are mapped: all that `strip` would keep, in their order. */
function readMappedSections(file: Buffer): Section[] {
  const table = u64(file, 40);
  const headers = Array.from({ length: file.readUInt16LE(60) }, (_, index) =>
    file.subarray(table + index * SECTION_SIZE, table + (index + 1) * SECTION_SIZE),
  );
  const names = headers[file.readUInt16LE(62)];
  if (names === undefined) throw elfError("it has no section names");
  const base = u64(names, 24);
  const mapped = (header: Buffer): boolean => (u64(header, 8) & SHF_ALLOC) !== 0;
  const last = headers.findLastIndex(mapped);
  const kept = headers.slice(0, last + 1);
  // Symbols and links name sections by number: dropping one from the middle would shift the others.
  if (!kept.every((header, index) => index === 0 || mapped(header))) {
    throw elfError("a section that is not mapped stands between those that are");
  }
  return kept.map((header) => ({ name: cString(file, base + header.readUInt32LE(0)), header }));
}

function writeSections(
  sections: readonly Section[],
  at: number,
): { bytes: Buffer; tableAt: number; count: number } {
  let names = "\0";
  const headers = [...sections, { name: ".shstrtab", header: Buffer.alloc(SECTION_SIZE) }].map(
    ({ name, header }) => {
      const copy = Buffer.from(header);
      copy.writeUInt32LE(name === "" ? 0 : names.length, 0);
      if (name !== "") names += `${name}\0`;
      return copy;
    },
  );
  const namesHeader = headers[headers.length - 1];
  if (namesHeader === undefined) throw elfError("it has no sections");
  namesHeader.writeUInt32LE(SHT_STRTAB, 4);
  namesHeader.writeBigUInt64LE(BigInt(at), 24);
  namesHeader.writeBigUInt64LE(BigInt(names.length), 32);
  namesHeader.writeBigUInt64LE(1n, 48);
  const padded = Buffer.alloc(alignUp(at + names.length, 8) - at);
  padded.write(names, "latin1");
  return { bytes: Buffer.concat([padded, ...headers]), tableAt: at + padded.length, count: headers.length };
}

function noteSection(segment: Segment): Section {
  const header = Buffer.alloc(SECTION_SIZE);
  header.writeUInt32LE(SHT_NOTE, 4);
  header.writeBigUInt64LE(BigInt(SHF_ALLOC), 8);
  header.writeBigUInt64LE(BigInt(segment.address), 16);
  header.writeBigUInt64LE(BigInt(segment.offset), 24);
  header.writeBigUInt64LE(BigInt(segment.fileSize), 32);
  header.writeBigUInt64LE(4n, 48);
  return { name: ".note.node.sea", header };
}

function writeNote(name: string, content: Uint8Array): Buffer {
  const nameSize = name.length + 1;
  const contentAt = 12 + alignUp(nameSize, 4);
  const note = Buffer.alloc(contentAt + alignUp(content.length, 4));
  note.writeUInt32LE(nameSize, 0);
  note.writeUInt32LE(content.length, 4);
  note.write(name, 12, "latin1");
  note.set(content, contentAt);
  return note;
}

export function readDynamic(
  file: Buffer,
  segments: readonly Segment[],
): { at: number; tag: number; value: number }[] {
  const segment = only(segments, PT_DYNAMIC, "dynamic");
  return Array.from({ length: Math.floor(segment.fileSize / DYNAMIC_SIZE) }, (_, index) => {
    const at = segment.offset + index * DYNAMIC_SIZE;
    return { at, tag: u64(file, at), value: u64(file, at + 8) };
  });
}

/** Takes one of the empty entries that linkers leave at the end of the dynamic table: nothing has to move for it. */
function setRunPath(file: Buffer, segments: readonly Segment[], address: number, size: number): void {
  const entries = readDynamic(file, segments);
  const end = entries.findIndex((entry) => entry.tag === DT_NULL);
  const free = entries[end];
  const strings = entries.find((entry) => entry.tag === DT_STRTAB);
  const stringsSize = entries.find((entry) => entry.tag === DT_STRSZ);
  if (entries.some((entry) => entry.tag === DT_RPATH || entry.tag === DT_RUNPATH))
    throw elfError("it has a run path");
  if (strings === undefined || stringsSize === undefined) throw elfError("it has no dynamic strings");
  if (free === undefined || entries[end + 1]?.tag !== DT_NULL)
    throw elfError("its dynamic table has no empty entry");
  file.writeBigUInt64LE(BigInt(DT_RUNPATH), free.at);
  file.writeBigUInt64LE(BigInt(address - strings.value), free.at + 8);
  // Tools refuse a string behind the end of the table; the loader does not look.
  file.writeBigUInt64LE(BigInt(address + size - strings.value), stringsSize.at + 8);
}

function lightFuse(file: Buffer): void {
  const at = file.indexOf(FUSE, 0, "latin1");
  const digit = at + FUSE.length;
  if (at < 0 || file.indexOf(FUSE, digit, "latin1") >= 0)
    throw elfError("its single-executable fuse is not there once");
  if (file[digit] !== 0x30) throw elfError("it is a single executable already");
  file[digit] = 0x31;
}

/** Where a string or table that is mapped at an address stands in the file. */
function offsetOf(segments: readonly Segment[], address: number): number {
  const holder = segments.find(
    ({ type, address: start, fileSize }) =>
      type === PT_LOAD && start <= address && address < start + fileSize,
  );
  if (holder === undefined) throw elfError(`nothing is mapped at ${address}`);
  return holder.offset + address - holder.address;
}

/** Reads what the dynamic loader reads; throws for what is no ELF executable. */
export function readLinkage(bytes: Uint8Array): Linkage {
  const file = view(bytes);
  checkHeader(file);
  const segments = readSegments(file);
  const entries = readDynamic(file, segments);
  const table = entries.find((entry) => entry.tag === DT_STRTAB);
  if (table === undefined) throw elfError("it has no dynamic strings");
  const strings = (tag: number): string[] =>
    entries
      .slice(
        0,
        entries.findIndex((entry) => entry.tag === DT_NULL),
      )
      .filter((entry) => entry.tag === tag)
      .map((entry) => cString(file, offsetOf(segments, table.value + entry.value)));
  return {
    machine: file.readUInt16LE(18),
    needed: strings(DT_NEEDED),
    runPath: strings(DT_RUNPATH)[0],
    align: Math.max(...segments.filter(({ type }) => type === PT_LOAD).map(({ align }) => align)),
  };
}

/** The stripped executable with its application inside; the input is left as it was. */
export function makeExecutable(node: Uint8Array, injection: Injection): Buffer {
  const original = view(node);
  checkHeader(original);
  if (original.readUInt16LE(18) !== MACHINE[injection.architecture]) {
    throw elfError(`it is not for ${injection.architecture}`);
  }
  const segments = readSegments(original);
  const loads = segments.filter(({ type }) => type === PT_LOAD);
  const first = loads[0];
  const last = loads.at(-1);
  if (first === undefined || last === undefined) throw elfError("it maps nothing");
  // Kernels before 5.18 tell the loader where the program headers are by the first segment's distance between file and
  // memory: the new segment, which holds them, must have the same.
  const distance = first.address - first.offset;
  const align = Math.max(...loads.map((load) => load.align));
  const dataEnd = last.offset + last.fileSize;
  const start = alignUp(Math.max(dataEnd, last.address + last.memorySize - distance), align);

  const tableSize = (segments.length + 1) * SEGMENT_SIZE;
  const runPath = Buffer.from(`${injection.runPath}\0`, "latin1");
  const notesAt = alignUp(start + tableSize + runPath.length, 16);
  const oldNote = only(segments, PT_NOTE, "note");
  const notes = Buffer.concat([
    original.subarray(oldNote.offset, oldNote.offset + alignUp(oldNote.fileSize, 4)),
    writeNote(NOTE_NAME, injection.blob),
  ]);
  const end = notesAt + notes.length;

  const place = (segment: Segment, offset: number, size: number): Segment => ({
    ...segment,
    offset,
    address: offset + distance,
    fileSize: size,
    memorySize: size,
  });
  const added = place({ ...last, flags: PF_R, align }, start, end - start);
  const table = segments.flatMap((segment) => {
    if (segment.type === PT_PHDR) return [place(segment, start, tableSize)];
    if (segment.type === PT_NOTE) return [place(segment, notesAt, notes.length)];
    return segment === last ? [segment, added] : [segment];
  });

  const sectionsAt = alignUp(end, 8);
  const sections = writeSections(
    [...readMappedSections(original), noteSection(place(oldNote, notesAt, notes.length))],
    sectionsAt,
  );
  const file = Buffer.alloc(sectionsAt + sections.bytes.length);
  file.set(original.subarray(0, dataEnd));
  file.set(Buffer.concat(table.map(writeSegment)), start);
  file.set(runPath, start + tableSize);
  file.set(notes, notesAt);
  file.set(sections.bytes, sectionsAt);
  file.writeBigUInt64LE(BigInt(start), 32);
  file.writeUInt16LE(table.length, 56);
  file.writeBigUInt64LE(BigInt(sections.tableAt), 40);
  file.writeUInt16LE(sections.count, 60);
  file.writeUInt16LE(sections.count - 1, 62);
  setRunPath(file, segments, start + tableSize + distance, runPath.length);
  lightFuse(file.subarray(0, dataEnd));
  return file;
}
