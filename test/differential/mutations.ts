// All kinds of edits that a programmer makes, and how often.

import * as additions from "./additions.js";
import * as alterations from "./alterations.js";
import type { Mutation } from "./place.js";
import type { Random } from "./random.js";

/** Name -> how often, and what it does. Those of "layout" change the layout of a type. */
export const mutations: Readonly<
  Record<string, { readonly weight: number; readonly mutate: Mutation; readonly layout?: true }>
> = {
  constant: { weight: 14, mutate: (place) => alterations.changeNumber(place, "function") },
  "constant of the file": { weight: 4, mutate: (place) => alterations.changeNumber(place, "file") },
  operator: { weight: 14, mutate: alterations.changeOperator },
  condition: { weight: 6, mutate: alterations.negateCondition },
  branch: { weight: 4, mutate: alterations.addBranch },
  "early return": { weight: 3, mutate: alterations.addReturn },
  "statement removed": { weight: 4, mutate: alterations.removeStatement },
  "statements swapped": { weight: 3, mutate: alterations.swapStatements },
  call: { weight: 6, mutate: additions.addCall },
  "function static": { weight: 5, mutate: additions.addStatic },
  "new function": { weight: 5, mutate: additions.addFunction },
  "new global": { weight: 4, mutate: additions.addGlobal },
  "new table": { weight: 3, mutate: additions.addTable },
  "new template": { weight: 2, mutate: additions.addTemplate },
  "new class": { weight: 3, mutate: additions.addClass },
  lambda: { weight: 4, mutate: additions.addLambda },
  "functions reordered": { weight: 3, mutate: alterations.reorderFunctions },
  signature: { weight: 3, mutate: alterations.changeSignature },
  string: { weight: 4, mutate: alterations.changeString },
  method: { weight: 3, mutate: additions.addMethod },
  comment: { weight: 3, mutate: additions.addComment },
  emptied: { weight: 2, mutate: alterations.empty },
  member: { weight: 3, mutate: additions.addMember, layout: true },
  "thread-local": { weight: 2, mutate: additions.addThreadLocal },
  switch: { weight: 2, mutate: additions.addSwitch },
  exception: { weight: 2, mutate: additions.addException },
  "kept lambda": { weight: 3, mutate: additions.addKeptLambda },
  "constructed static": { weight: 2, mutate: additions.addConstructedStatic },
  "constructed global": { weight: 2, mutate: additions.addConstructedGlobal },
  linkage: { weight: 2, mutate: alterations.changeLinkage },
  "static renamed": { weight: 1, mutate: alterations.renameStatic },
  "virtual method": { weight: 2, mutate: additions.addVirtual, layout: true },
};

export function aMutation(random: Random): string {
  const all = Object.entries(mutations);
  let left = random.next() * all.reduce((sum, [, { weight }]) => sum + weight, 0);
  for (const [name, { weight }] of all) {
    left -= weight;
    if (left < 0) return name;
  }
  return "constant";
}
