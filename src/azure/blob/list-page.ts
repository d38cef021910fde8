import { Failure } from "../../errors/error.ts";
import type { ListedBlob, ListPage } from "./blob-client.ts";
import { readXml, type XmlHandler } from "./xml.ts";

const results = "/EnumerationResults";
const blob = `${results}/Blobs/Blob`;
const prefix = `${results}/Blobs/BlobPrefix`;

/**
 * Reads the answer of List Blobs (source: "List Blobs", response body). Keys are text: blanks, leading zeros and
 * what looks like a number stay as they are. Throws `Failure` DataLoss for what is no such answer.
 */
export function parseListPage(xml: string): ListPage {
  const page = new PageReader();
  readXml(xml, page);
  if (!page.isListing) {
    throw new Failure("DataLoss", "cannot read a listing: the answer is not one", { retryable: true });
  }
  return { blobs: page.blobs, prefixes: page.prefixes, nextMarker: page.nextMarker || undefined };
}

class PageReader implements XmlHandler {
  readonly blobs: ListedBlob[] = [];
  readonly prefixes: string[] = [];
  nextMarker = "";
  isListing = false;
  #path = "";
  #name = "";
  #encoded = false;
  #size = "";

  open(name: string, attributes: string): void {
    this.#path += `/${name}`;
    this.isListing ||= this.#path === results;
    if (this.#path === blob || this.#path === prefix) {
      this.#name = "";
      this.#size = "";
      this.#encoded = false;
    } else if (name === "Name") {
      // A name with characters that XML cannot hold comes percent-encoded and says so.
      this.#encoded = /\bEncoded\s*=\s*["']true["']/.test(attributes);
    }
  }

  text(text: string): void {
    switch (this.#path) {
      case `${blob}/Name`:
      case `${prefix}/Name`:
        this.#name += text;
        break;
      case `${blob}/Properties/Content-Length`:
        this.#size += text;
        break;
      case `${results}/NextMarker`:
        this.nextMarker += text;
        break;
      default:
    }
  }

  close(name: string): void {
    if (this.#path === blob) {
      this.blobs.push({ key: this.#key(), size: Number(this.#size) });
    } else if (this.#path === prefix) {
      this.prefixes.push(this.#key());
    }
    this.#path = this.#path.slice(0, -name.length - 1);
  }

  #key(): string {
    if (this.#name === "") {
      throw new Failure("DataLoss", "cannot read a listing: an entry has no name", { retryable: true });
    }
    return this.#encoded ? decodeURIComponent(this.#name) : copyOf(this.#name);
  }
}

/**
 * The same text in memory of its own. A name cut out of a page holds on to the page, two MiB of it: a million keys took
 * 300 MiB more.
 */
function copyOf(text: string): string {
  return Buffer.from(text).toString();
}
