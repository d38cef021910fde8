/** `West Europe` and `westeurope` are one place. */
export function locationName(location: string | undefined): string | undefined {
  return location?.toLowerCase().replaceAll(" ", "");
}
