// The one spelling that ninja gives to a path: no "//", no "." and no ".." that can be resolved by name.

/** Lexical, as ninja's CanonicalizePath: symbolic links are not looked at. "" stays "". */
export function canonicalPath(path: string): string {
  return mayHaveDots.test(path) ? rebuild(path) : path;
}

/** Finds more than dots and doubled slashes: a hidden file costs a rebuild that changes nothing. */
const mayHaveDots = /^\.|\/(?:[/.]|$)/;

function rebuild(path: string): string {
  if (path === "") return "";
  const absolute = path.startsWith("/");
  const components: string[] = [];
  let named = 0; // components that a ".." can take back
  for (const component of path.split("/")) {
    if (component === "" || component === ".") continue;
    if (component !== "..") {
      components.push(component);
      named++;
    } else if (named > 0) {
      components.pop();
      named--;
    } else if (!absolute) {
      components.push("..");
    }
  }
  const joined = components.join("/");
  return absolute ? `/${joined}` : joined || ".";
}
