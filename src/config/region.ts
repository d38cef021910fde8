/** As Azure compares regions: "North Europe" is `northeurope`. Source: learn.microsoft.com/azure/reliability/regions-list */
export function normalRegion(name: string): string {
  return name.toLowerCase().replaceAll(/\s/g, "");
}
