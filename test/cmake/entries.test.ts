// Every function of a prepared build can be redirected by one aligned store: with each compiler, linker and level.
import { test } from "uvu";
import * as assert from "uvu/assert";
import { readEntries, readSectionNames } from "./elf_entries.js";
import { check, type ScratchProject, withProject } from "./scratch_project.js";
import { templateProgramOutput, templateProject } from "./template_project.js";

/** Six bytes of padding, then two no-ops of one byte (gcc) or one of two bytes (clang). */
const paddedEntry = /^909090909090(9090|6690)$/;

/** The second part of a split function (gcc's x.cold): it is jumped to and has no entry. */
const isColdPart = (name: string) => /\.cold(\.\d+)?$/.test(name);

/** gcc before 14 leaves these unaligned; mold takes no linker script that could align them. */
const isCold = (name: string) => /rare|pop|_GLOBAL__sub/.test(name);

interface Variant {
  readonly compiler: "gcc" | "clang";
  readonly linker: "bfd" | "lld" | "mold" | "gold";
  readonly flags: string;
}

function configureVariant(project: ScratchProject, { compiler, linker, flags }: Variant): void {
  const outcome = project.configureInjected(
    `-DCMAKE_CXX_COMPILER=${compiler === "gcc" ? "g++" : "clang++"}`,
    `-DCMAKE_CXX_FLAGS=${flags}`,
    `-DCMAKE_EXE_LINKER_FLAGS=-fuse-ld=${linker}`,
    `-DCMAKE_SHARED_LINKER_FLAGS=-fuse-ld=${linker}`,
  );
  check(outcome);
  check(project.build());
}

function checkModule(path: string, { compiler, linker }: Variant): void {
  // What comes from the start-up files has no mangled name; mold names the slots of .plt too.
  const functions = readEntries(path).filter(
    ({ name, section }) => /^(main$|_Z|_GLOBAL__)/.test(name) && section.startsWith(".text") && !isColdPart(name),
  );
  assert.ok(functions.length > 10, `${functions.length} functions in ${path}`);
  for (const { name, bytes, address } of functions) {
    assert.match(bytes, paddedEntry, `bytes around ${name}`);
    if (compiler === "clang" || linker !== "mold" || !isCold(name)) {
      assert.is((address - 6n) % 16n, 0n, `alignment of ${name} at ${address.toString(16)}`);
    }
  }
  if (linker === "bfd" || linker === "lld") {
    assert.not(readSectionNames(path).includes("__patchable_function_entries"), "a table that nothing makes use of");
  }
}

const variants: readonly Variant[] = [
  { compiler: "gcc", linker: "bfd", flags: "-O0" },
  { compiler: "gcc", linker: "bfd", flags: "-O2" },
  { compiler: "gcc", linker: "bfd", flags: "-Os" },
  { compiler: "gcc", linker: "bfd", flags: "-O2 -no-pie -fno-pie" },
  { compiler: "gcc", linker: "lld", flags: "-O2" },
  { compiler: "gcc", linker: "lld", flags: "-Os" },
  { compiler: "gcc", linker: "mold", flags: "-O2" },
  { compiler: "clang", linker: "bfd", flags: "-O0" },
  { compiler: "clang", linker: "bfd", flags: "-O2" },
  { compiler: "clang", linker: "lld", flags: "-O2" },
  { compiler: "clang", linker: "mold", flags: "-O2" },
  { compiler: "clang", linker: "gold", flags: "-O2" },
];

for (const variant of variants) {
  test(`${variant.compiler} ${variant.flags} and ${variant.linker}: links shared templates, all entries padded and aligned`, () => {
    withProject(templateProject, (project) => {
      configureVariant(project, variant);
      assert.is(check(project.run("app")), templateProgramOutput);
      checkModule(project.path("build", "app"), variant);
      checkModule(project.path("build", "libin_library.so"), variant);
    });
  });
}

test("with -fcf-protection=full the two no-ops follow endbr64", () => {
  withProject(templateProject, (project) => {
    configureVariant(project, { compiler: "gcc", linker: "bfd", flags: "-O2 -fcf-protection=full" });
    assert.is(check(project.run("app")), templateProgramOutput);
    const main = readEntries(project.path("build", "app")).find(({ name }) => name === "main");
    assert.is(main?.bytes, "909090909090f30f");
  });
});

test.run();
