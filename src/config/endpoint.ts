import type { Reading } from "./reading.ts";
import { quote } from "./quote.ts";

/**
 * Reads an address of http or https; `https://` is put before one without a scheme. What may hold a secret, a
 * query or a user, is refused and never repeated.
 */
export function readEndpoint(text: string): Reading<string | undefined> {
  const shown = /[?#@]/.test(text) ? "it" : quote(text);
  const trimmed = text.trim();
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(trimmed)?.[1]?.toLowerCase();
  if (scheme !== undefined && scheme !== "http" && scheme !== "https") {
    return { problem: `${shown} must begin with https:// or http://` };
  }
  const address = scheme === undefined ? `https://${trimmed}` : trimmed;
  // A lone "https:" before the host would be read as a host of that name.
  if (!URL.canParse(address) || (scheme === undefined && /^https?:/i.test(trimmed))) {
    return { problem: `${shown} is not an address like https://myaccount.blob.core.windows.net` };
  }
  const url = new URL(address);
  if (url.username !== "" || url.password !== "") {
    return { problem: "the address must not hold a user or password" };
  }
  if (url.search !== "" || url.hash !== "") {
    return {
      problem:
        'the address must not hold "?" or "#" (a SAS token belongs in the credentials file, under the key that storageAccountSASTokenEnvVar names)',
    };
  }
  return { value: url.origin + url.pathname.replace(/\/+$/, "") };
}
