/** A plugin executable that takes part. */
export interface Contender {
  readonly role: "peer" | "ours";
  readonly executable: string;
}
