/**
 * The bytes that the base64 stands for, or undefined: padding is demanded, line ends are overlooked and nothing
 * else is, as Go's encoding/base64 does it, where Node's decoder takes anything.
 */
export function decodeBase64(text: string): Buffer | undefined {
  const joined = text.replaceAll(/[\r\n]/g, "");
  const padding = /={0,2}$/.exec(joined)?.[0].length ?? 0;
  const plain = /^[A-Za-z0-9+/]*$/.test(joined.slice(0, joined.length - padding));
  return plain && joined.length % 4 === 0 ? Buffer.from(joined, "base64") : undefined;
}
