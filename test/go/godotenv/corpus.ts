/**
 * Credentials files to read with both readers: every feature of the language with every other, files as people
 * write them, and noise. Deterministic: a difference found once is found again.
 */
export interface CorpusFile {
  readonly name: string;
  readonly content: Buffer;
}

export function corpus(): CorpusFile[] {
  const groups: Record<string, readonly Buffer[]> = {
    "by hand": handWritten.map((text) => Buffer.from(text)),
    bytes: oddBytes,
    "long line": longLines(),
    "one line": singleLines(),
    "many lines": manyLines(1500),
    soup: soups(3000),
    noise: noise(500),
    damaged: damaged(1000),
  };
  return Object.entries(groups).flatMap(([group, contents]) =>
    contents.map((content, index) => ({ name: `${group} ${index}`, content })),
  );
}

const realistic = [
  "AZURE_SUBSCRIPTION_ID=00000000-0000-0000-0000-000000000001",
  "AZURE_TENANT_ID=00000000-0000-0000-0000-000000000002",
  "AZURE_CLIENT_ID=00000000-0000-0000-0000-000000000003",
  "AZURE_CLIENT_SECRET=a8Q~x.y-z_$w#1\\",
  "AZURE_RESOURCE_GROUP=my-group",
  "AZURE_CLOUD_NAME=AzurePublicCloud",
  "AZURE_STORAGE_KEY=Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4+/==",
  "export SAS='?sv=2024-11-04&ss=b&srt=sco&sp=rwdlac&se=2030-01-01T00:00:00Z&sig=a%2Bb%3D'",
  'AZURE_CLIENT_CERTIFICATE="-----BEGIN CERTIFICATE-----\\nMIIB\\n-----END CERTIFICATE-----\\n"',
].join("\n");

const handWritten: readonly string[] = [
  "",
  "\n",
  "\n\n\n",
  "# nothing but a comment",
  "  \t# a comment after blanks",
  "\ufeffA=1",
  "\ufeff# comment\nA=1",
  "\ufeff\nA=1",
  "A=1\r\nB=2\r\n",
  "A=1\rB=2\r",
  "A=1\r\r\nB=2",
  "A",
  "=",
  "=value",
  " = value ",
  ":",
  ":=",
  "=:",
  "A=",
  "A =",
  "A= ",
  "A=\t",
  "A=\tb\t",
  "\tA\t=\t1\t",
  "\vA=1",
  "\u0085A=1",
  "\u0085",
  "\u00a0",
  "\u2028# comment?",
  "\u3000#",
  "\u2003\u205f\u1680A=1",
  "A=1\u2028B=2",
  "A: 1",
  "A: b=c",
  "A=b:c",
  "A:b:c",
  "A:=b",
  "A=:b",
  "https://host/path?x=1",
  "export A=1",
  "export\tA=1",
  "export  \t A = 1",
  " export A=1",
  "exportA=1",
  "export=1",
  "export =1",
  "export A",
  "export",
  "export:1",
  "export export A=1",
  "EXPORT A=1",
  "export\vA=1",
  "export \u00a0A=1",
  "A B=1",
  "A.B-C/D=1",
  "é=ü",
  "A=1\nA=2\nA=",
  "A='1'\nA",
  "A=''",
  'A=""',
  "A='",
  'A="',
  "A='b",
  'A="b',
  "A=b'",
  'A=b"',
  "A='b\"",
  "A=\"b'",
  "A='b' ",
  "A=  'b'  ",
  "A=\t'b'",
  "A='b'\t",
  "A='b'c'd'",
  'A="b"c"d"',
  "A='it''s'",
  'A="say ""hi"""',
  "A=''b''",
  "A=\"'b'\"",
  "A='\"b\"'",
  "A='b\nc'",
  'A="b\nc"',
  'A="b\nC=d"',
  'A="b\n\nC=1\n"',
  "A='$B'\nB=1",
  "B=1\nA='$B'",
  "B=1\nA=$B",
  "B=1\nA=${B}",
  "B=1\nA=${B",
  "B=1\nA=$B}",
  "B=1\nA=$(B)",
  "B=1\nA=$(B",
  "B=1\nA=$({B})",
  "B=1\nA=${(B)}",
  "B=1\nA=\\$B",
  "B=1\nA=\\${B}",
  "B=1\nA=\\\\$B",
  "B=1\nA=\\\\\\$B",
  'B=1\nA="$B"',
  'B=1\nA="\\$B"',
  'B=1\nA="\\\\$B"',
  'B=1\nA="\\\\\\$B"',
  'B=1\nA="\\\\\\\\$B"',
  "B=1\nA=$$B",
  "B=1\nA=$B$B",
  "B=1\nA=${B}${B}x$B",
  "B=1\nA=$B_C",
  "B=1\nA=$b",
  "b=1\nA=$b",
  "A=$",
  "A=$$",
  "A=a$",
  "A=$ B",
  "A=$()",
  "A=${}",
  "A=$(}",
  "A=${ B}",
  "A=$A",
  "A=1\nA=$A$A\nA=$A$A",
  "A=$UNKNOWN",
  "A=a$UNKNOWN-b",
  "A=${UNKNOWN}b",
  "1=x\nA=$1",
  "_=x\nA=$_",
  "PATH_A=$HOME$PATH",
  "B='$C'\nC=1\nA=$B",
  "B=\\$C\nC=1\nA=$B",
  '"B"=1\nA=$B',
  "'A'=1",
  'export "A"=1',
  'A="\\n"',
  'A="\\r\\n"',
  'A="\\t"',
  'A="\\\\n"',
  'A="\\\\\\n"',
  'A="\\""',
  'A="\\"',
  'A="\\\\"',
  'A="a\\',
  'A="\\é\\€\\😀"',
  "A=\\n",
  "A='\\n'",
  "A=a\\",
  "A=a#b",
  "A=a #b",
  "A=#b",
  "A#=b",
  "A#b",
  "A=a##b",
  'A="a#b"',
  "A='a#b'",
  'A="a#b',
  "A='a#b",
  'A="a#b"#c',
  'A="a#b" # c',
  'A="a" # "b"',
  'A="a" # it\'s',
  "A='a' # 'b'",
  'A=a # "b" # "c"',
  'A=a # "b # c"',
  'A=a#b"c#d"e#f',
  "A=a#b'c#d'e#f",
  "A=a#b'c#d\"e#f",
  'A="a#b#c#d"#e"f#g"',
  'A="#"',
  "A='#'",
  'A="##"',
  "A=\"#'#\"#'",
  "#A='b'#\nC=d",
  "A='#'#'#'#",
  'A="\\#"',
  'A=b"#c"#d',
  "A==",
  "A===b==",
  "A=b=c",
  "A = b = c ",
  "A=b c d",
  "A=\0b",
  "\0",
  "\0=1",
  "A=\u2028b\u2029",
  "A=b\u0085",
  "A=b\u00a0",
  "A=\u00a0b",
  "__proto__=1\nconstructor=2\nA=$__proto__$constructor",
  "PROTO=$__PROTO__",
  "toString=1\nhasOwnProperty=2",
  "-----BEGIN PRIVATE KEY-----\nMIIEvQ==\n-----END PRIVATE KEY-----",
  'A="-----BEGIN PRIVATE KEY-----\nMIIEvQ==\n-----END PRIVATE KEY-----"',
  realistic,
  realistic.replaceAll("\n", "\r\n"),
  `${realistic}\n`,
  `\ufeff${realistic}`,
  '{"clientId": "x", "clientSecret": "y"}',
  '{\n  "clientId": "x",\n  "clientSecret": "y"\n}',
  "[default]\naws_access_key_id=x\naws_secret_access_key=y",
  "a: 1\nb:\n  c: 2\n  d: [x, y]\n",
  "DefaultEndpointsProtocol=https;AccountName=x;AccountKey=y==;EndpointSuffix=core.windows.net",
];

const oddBytes: readonly Buffer[] = [
  Buffer.from([0xff, 0xfe, 0x41, 0, 0x3d, 0, 0x31, 0]),
  Buffer.from([0xfe, 0xff, 0, 0x41, 0, 0x3d, 0, 0x31]),
  Buffer.from([0x41, 0x3d, 0xe9]),
  Buffer.from([0xe9, 0x3d, 0x41]),
  Buffer.from([0x85, 0x41, 0x3d, 0x31]),
  Buffer.from([0x85]),
  Buffer.from([0xa0]),
  Buffer.from([0xc2]),
  Buffer.from([0xc2, 0x85]),
  Buffer.from([0xf0, 0xe2, 0x80, 0x80, 0x23]),
  Buffer.from([0xe2, 0x80, 0x80, 0x23, 0x41]),
  Buffer.from([0xe2, 0x80, 0x23, 0x41]),
  Buffer.from([0x41, 0x3d, 0x22, 0x5c, 0xe9, 0x22]),
  Buffer.from([0x41, 0x3d, 0x22, 0x5c, 0xc3, 0xa9, 0x22]),
  Buffer.from([0x41, 0x3d, 0x27, 0xff, 0x27]),
  Buffer.from([0x41, 0x3d, 0x24, 0xff]),
  Buffer.from([0xed, 0xa0, 0x80, 0x3d, 0xed, 0xb0, 0x80]),
  Buffer.from([0xc0, 0xa3, 0x41, 0x3d, 0x31]),
  Buffer.from([0xef, 0xbb, 0xbf]),
  Buffer.from([0xef, 0xbb, 0x3d]),
  Buffer.from([0xf4, 0x90, 0x80, 0x80, 0x23]),
];

/** About the length at which Go's line scanner gives up. */
function longLines(): Buffer[] {
  const ends = ["", "\n", "\r\n", "\nB=1", "\r\nB=1\n", "\r"];
  const starts = ["", "B=1\n", "# x\n\n"];
  const lengths = [65_533, 65_534, 65_535, 65_536, 65_537, 65_538, 70_000, 131_072];
  return lengths.flatMap((length) =>
    starts.flatMap((start) => ends.map((end) => Buffer.from(`${start}A=${"x".repeat(length - 2)}${end}`))),
  );
}

const keys = [
  "A",
  "export A",
  " A ",
  "export\tA",
  "exportA",
  "",
  "a.b",
  '"A"',
  "A#",
  "\ufeffA",
  "export",
  "export ",
];
const separators = ["=", ":", " = ", "==", ": ", "=:", ":=", "= ", ""];
const values = [
  "",
  "b",
  "b c",
  "$B",
  "${B}",
  "$(B)",
  "\\$B",
  "x$Bx",
  "x${B}x$C",
  "a\\nb\\r",
  "a\\\\b",
  "é€😀",
  "a'b",
  'a"b',
  "b#c",
  "b=c:d",
  "\\",
  "\t",
];
const quotes = [
  ["", ""],
  ["'", "'"],
  ['"', '"'],
  ["'", '"'],
  ['"', ""],
  ["", "'"],
  ["\t'", "'"],
  ["''", "''"],
] as const;
const tails = ["", " ", "\r", " # c", "#c", " # it's", '#"c"#d'];

/** Every key with every separator, value, quote and tail, after two lines that give `$B` and `$C` a meaning. */
function singleLines(): Buffer[] {
  const lines = keys.flatMap((key) =>
    separators.flatMap((separator) =>
      values.flatMap((value) =>
        quotes.flatMap(([open, close]) =>
          tails.map((tail) => `${key}${separator}${open}${value}${close}${tail}`),
        ),
      ),
    ),
  );
  // All of them would be 100,000 files: a file of several lines tells as much, as long as none of them is an
  // error, which ends the reading; what is one stands alone.
  const [statements, errors] = [lines.filter(isStatement), lines.filter((line) => !isStatement(line))];
  const distinct = statements.map((line, index) => line.replace(/^(\s*(?:export\s+)?)/, `$1K${index}`));
  const files = [
    ...chunks(distinct, 12),
    ...chunks(every(statements, 40), 1),
    ...chunks(every(errors, 40), 1),
  ];
  return files.map((file) => Buffer.from(["B=1", "C='x y'", ...file].join("\n")));
}

function isStatement(line: string): boolean {
  return /^[^#]*[=:]/.test(line);
}

function chunks<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  );
}

function every<T>(items: readonly T[], step: number): T[] {
  return items.filter((_, index) => index % step === 0);
}

type Random = (below: number) => number;

/** Mulberry32: small, and the same numbers on every machine. */
function random(seed: number): Random {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

function pick<T>(next: Random, items: readonly T[]): T {
  const item = items[next(items.length)];
  if (item === undefined) {
    throw new Error("nothing to pick from");
  }
  return item;
}

function times<T>(count: number, make: () => T): T[] {
  return Array.from({ length: count }, make);
}

/** Files of lines that refer to one another. */
function manyLines(count: number): Buffer[] {
  const next = random(1);
  const names = ["A", "B", "C", "AB", "A_1", "Z9", "a"];
  const reference = (): string =>
    `${pick(next, ["$", "${", "$(", "\\$", "$$"])}${pick(next, names)}${pick(next, ["", "}", ")", "x"])}`;
  const value = (): string =>
    times(next(5), () => (next(2) === 0 ? reference() : pick(next, values))).join(pick(next, ["", " ", "-"]));
  const line = (): string => {
    const [open, close] = pick(next, quotes);
    return `${pick(next, ["", "", "export "])}${pick(next, names)}${pick(next, ["=", "=", ":", " = "])}${open}${value()}${close}${pick(next, tails)}`;
  };
  return times(count, () => {
    const lines = times(1 + next(12), () => pick(next, [line, line, line, () => "", () => "# c"])());
    return Buffer.from(lines.join(pick(next, ["\n", "\n", "\r\n"])));
  });
}

/** The language's own characters in any order. */
function soups(count: number): Buffer[] {
  const next = random(2);
  const letters = [
    ...Array.from("AAB01_ab  \t\v\f\n\n\r==::##''\"\"\\\\$$$(){}"),
    "export ",
    "A=",
    "\\n",
    "\u0085",
    "\u00a0",
    "é",
    "\ufeff",
  ];
  return times(count, () => Buffer.from(times(next(60), () => pick(next, letters)).join("")));
}

/** Any bytes at all. */
function noise(count: number): Buffer[] {
  const next = random(3);
  return times(count, () => Buffer.from(times(next(80), () => next(256))));
}

/** A good file with a few bytes gone, doubled or changed. */
function damaged(count: number): Buffer[] {
  const next = random(4);
  return times(count, () => {
    const bytes = [...Buffer.from(`B=1\n${realistic}\nC="$B"\nD=\${B}`)];
    for (let faults = 1 + next(6); faults > 0; faults -= 1) {
      const at = next(bytes.length);
      const replacement = pick(next, [
        [],
        [next(256)],
        [bytes[at] ?? 0, bytes[at] ?? 0],
        [...Buffer.from(pick(next, ["#", "'", '"', "\\", "$", "\n"]))],
      ]);
      bytes.splice(at, 1, ...replacement);
    }
    return Buffer.from(bytes);
  });
}
