/** How far into a listing its first element may end; Azurite's XML begins with it. */
const MAX_HEAD = 64 * 1024;

/** A listing as it streams by, its ServiceEndpoint that of the account as the client knows it instead of Azurite's. */
export async function* withServiceEndpoint(
  body: AsyncIterable<Uint8Array>,
  endpoint: string,
): AsyncIterable<Uint8Array> {
  let head: Buffer | undefined = Buffer.alloc(0);
  for await (const piece of body) {
    if (head === undefined) {
      yield piece;
      continue;
    }
    head = Buffer.concat([head, piece]);
    const text = head.toString("latin1");
    const found = /ServiceEndpoint="[^"]*"/.exec(text);
    if (found !== null || head.length > MAX_HEAD) {
      yield Buffer.from(
        found === null ? text : text.replace(found[0], `ServiceEndpoint="${endpoint}"`),
        "latin1",
      );
      head = undefined;
    }
  }
  if (head !== undefined) {
    yield head;
  }
}
