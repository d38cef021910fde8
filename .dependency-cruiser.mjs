// The import directions of docs/design.md, "Layers": a layer imports only what stands to its right.
const LAYERS = [
  "main",
  "plugin|cli",
  "doctor|setup",
  "store|snapshot",
  "encryption",
  "azure",
  "credentials",
  "config",
  "errors|secret|log|version",
];

const path = (layers) => `^src/(${layers})(/|\\.ts$)`;

const layerRules = LAYERS.slice(1).map((layer, index) => ({
  name: `no-import-to-the-left-of-${layer.replaceAll("|", "-")}`,
  comment: "Layers import only to the right: see docs/design.md.",
  severity: "error",
  from: { path: path(layer) },
  to: { path: path(LAYERS.slice(0, index + 1).join("|")) },
}));

const sideRules = LAYERS.filter((layer) => layer.includes("|") && !layer.startsWith("errors")).map(
  (layer) => ({
    name: `no-import-between-${layer.replaceAll("|", "-and-")}`,
    comment: "Neighbours in one layer do not know each other.",
    severity: "error",
    from: { path: `^src/(${layer})/` },
    to: { path: `^src/(${layer})/`, pathNot: "^src/$1/" },
  }),
);

export default {
  forbidden: [
    ...layerRules,
    ...sideRules,
    {
      name: "no-cycles",
      severity: "error",
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } },
    },
    {
      name: "simulator-knows-nothing-of-the-product",
      comment: "One mistake would hide on both sides.",
      severity: "error",
      from: { path: "^simulator/" },
      to: { path: "^src/" },
    },
    {
      name: "product-knows-no-tests",
      severity: "error",
      from: { path: "^src/", pathNot: "\\.test\\.ts$" },
      to: { path: "^(test|bench|demo|scripts|packaging)/" },
    },
    {
      name: "no-tools-in-the-product",
      severity: "error",
      from: { path: "^src/", pathNot: "\\.test\\.ts$" },
      to: { dependencyTypes: ["npm-dev", "npm-no-pkg", "npm-unknown"] },
    },
    { name: "everything-resolves", severity: "error", from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { exportsFields: ["exports"], conditionNames: ["import", "node", "default"] },
  },
};
