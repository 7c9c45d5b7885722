// A manifest as plain values, for JSON: each edge with its bindings evaluated.
import type { Edge } from "./edge.js";
import type { Manifest } from "./index.js";
import { ruleBindings } from "./scope.js";

/** Fields are added in later versions, never changed or taken away. */
export interface ManifestJson {
  /** Absolute paths of all files that were read, the outermost first. */
  readonly files: readonly string[];
  /** The variables of the outermost scope. */
  readonly variables: Readonly<Record<string, string>>;
  /** Depth of each pool; 0 means without limit. */
  readonly pools: Readonly<Record<string, number>>;
  readonly defaults: readonly string[];
  readonly edges: readonly EdgeJson[];
}

export interface EdgeJson {
  readonly rule: string;
  /** Absolute path of the file with the `build` statement. */
  readonly file: string;
  /** 1-based. */
  readonly line: number;
  readonly outputs: readonly string[];
  readonly implicitOutputs: readonly string[];
  readonly inputs: readonly string[];
  readonly implicitInputs: readonly string[];
  readonly orderOnlyInputs: readonly string[];
  readonly validations: readonly string[];
  /** Those of ninja's own bindings that are set: `command`, `description`, `depfile`, `deps`, `pool`, ..., evaluated. */
  readonly bindings: Readonly<Record<string, string>>;
}

/** Throws NinjaSyntaxError where the bindings of a rule refer to each other in a circle. */
export function manifestToJson(manifest: Manifest): ManifestJson {
  return {
    files: manifest.files,
    variables: Object.fromEntries(manifest.variables),
    pools: Object.fromEntries(manifest.pools),
    defaults: manifest.defaults,
    edges: manifest.edges.map(edgeToJson),
  };
}

function edgeToJson(edge: Edge): EdgeJson {
  const { rule, file, line, outputs, implicitOutputs, inputs, implicitInputs, orderOnlyInputs, validations } = edge;
  const bindings = [...ruleBindings].map((name) => [name, edge.get(name)]).filter(([, value]) => value !== "");
  return {
    rule,
    file,
    line,
    outputs,
    implicitOutputs,
    inputs,
    implicitInputs,
    orderOnlyInputs,
    validations,
    bindings: Object.fromEntries(bindings),
  };
}
