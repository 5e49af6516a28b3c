/** The processors that Lambda has. arm64 costs a fifth less. */
export type ArchitectureName = "arm64" | "x86_64";

/**
 * What functions are built for where nothing says otherwise: the processor of the machine that builds, since then the build
 * needs no other Rust target. The Makefile's `ARCH` has the same default. `processor` is in Node's words.
 */
export function ofThisMachine(processor: string = process.arch): ArchitectureName {
  return processor === "arm64" ? "arm64" : "x86_64";
}
