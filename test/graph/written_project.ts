// A build directory whose build.ninja is written by the test, for what CMake would not write; it is the source directory too.
import { join } from "node:path";
import { Space } from "./space.js";

/** @param files `build.ninja` among them, which makes the program `app` */
export function writtenProject(files: Readonly<Record<string, string>>): Space {
  const space = new Space(files);
  const reply = (name: string, value: unknown) =>
    space.write(join(".cmake/api/v1/reply", `${name}.json`), JSON.stringify(value));
  reply("index-1", {
    cmake: { generator: { name: "Ninja" }, paths: { root: "/usr/share/cmake" } },
    objects: [{ kind: "codemodel", version: { major: 2 }, jsonFile: "model.json" }],
  });
  reply("model", {
    paths: { source: space.path, build: space.path },
    configurations: [{ projects: [{ name: "written" }], targets: [{ jsonFile: "app.json" }] }],
  });
  reply("app", { name: "app", type: "EXECUTABLE", artifacts: [{ path: "app" }] });
  return space;
}
